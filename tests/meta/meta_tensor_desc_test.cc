#include "meta/meta_tensor_desc.h"

#include <sstream>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc_fields.h"
#include "tests/testing/records.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

TEST(MetaTensorDescHashTest, EqualRecordsHaveEqualHashes) {
  EXPECT_EQ(absl::HashOf(DenseRecord(1, {2, 3})), absl::HashOf(DenseRecord(1, {2, 3})));
  EXPECT_EQ(absl::HashOf(StorageRecord(1, 8)), absl::HashOf(StorageRecord(1, 8)));
  MetaTensorDesc a = DenseRecord(1, {2, 3});
  a.size[0] = MakeSymbolicInt("s0");
  const MetaTensorDesc b = a;
  ASSERT_EQ(a, b);
  EXPECT_EQ(absl::HashOf(a), absl::HashOf(b));
}

TEST(MetaTensorDescHashTest, RecordsAreKeys) {
  absl::flat_hash_set<MetaTensorDesc> set;
  for (int repetition = 0; repetition < 2; ++repetition) {
    for (int id = 0; id < 100; ++id) set.insert(DenseRecord(id, {id, 2}));
  }
  EXPECT_EQ(set.size(), 100);
  EXPECT_TRUE(set.contains(DenseRecord(7, {7, 2})));
  EXPECT_FALSE(set.contains(DenseRecord(7, {7, 3})));

  absl::flat_hash_set<MetaStorageDesc> storages = {StorageRecord(0, 4), StorageRecord(0, 4), StorageRecord(0, 8)};
  EXPECT_EQ(storages.size(), 2);
}

TEST(MetaTensorDescHashTest, DistinguishingFieldsChangeTheHash) {
  const MetaTensorDesc plain = DenseRecord(1, {2, 3});
  absl::flat_hash_set<std::size_t> hashes = {absl::HashOf(plain)};
  const auto add = [&](auto change) {
    MetaTensorDesc desc = plain;
    change(desc);
    hashes.insert(absl::HashOf(desc));
  };
  add([](MetaTensorDesc& desc) { desc.id = 2; });
  add([](MetaTensorDesc& desc) { desc.size[0] = 4; });
  add([](MetaTensorDesc& desc) { (*desc.stride)[0] = 4; });
  add([](MetaTensorDesc& desc) { desc.storage_offset = 1; });
  add([](MetaTensorDesc& desc) { desc.dtype = c10::kHalf; });
  add([](MetaTensorDesc& desc) { desc.device = c10::Device("cuda:1"); });
  add([](MetaTensorDesc& desc) { desc.requires_grad = true; });
  add([](MetaTensorDesc& desc) { desc.storage.reset(); });
  EXPECT_EQ(hashes.size(), 9);
}

TEST(MetaTensorDescPrintTest, PrintsLikeAPythonDataclass) {
  std::ostringstream os;
  os << DenseRecord(3, {4, 8}) << '\n' << StorageRecord(1, 32);
  EXPECT_EQ(os.str(),
            "MetaTensorDesc(id=3, ndim=2, dtype=torch.float32, device=device(type='cpu'), size=[4,8], "
            "dynamo_hint_overrides={}, is_leaf=true, stride=[8,1], storage=3, "
            "view_func=_CustomViewFunc(func=none))\n"
            "MetaStorageDesc(id=1, size=32)");
}

TEST(MetaTensorDescTest, ShapeIsSize) {
  const MetaTensorDesc desc = DenseRecord(0, {4, 8});
  EXPECT_EQ(&desc.shape(), &desc.size);
}

TEST(ForEachNestedTest, GivesEachNestedRecordInTheOrderOfTheFields) {
  MetaTensorDesc desc = ViewRecord(1, Share(DenseRecord(2, {1})));
  desc.extras.Edit().grad = Share(DenseRecord(3, {1}));
  desc.edit_sparse().values = Share(DenseRecord(4, {1}));
  desc.edit_wrapper().attrs = Attr("inner", Share(DenseRecord(5, {1})));
  std::string visited;
  ForEachNested(desc, [&](const char* name, const MetaTensorDescPtr& nested) {
    visited += std::string(name) + "=" + std::to_string(nested->id) + " ";
  });
  EXPECT_EQ(visited, "values=4 base=2 inner=5 grad=3 ");
}

}  // namespace
}  // namespace metaconv
