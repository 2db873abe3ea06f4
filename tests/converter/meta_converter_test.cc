#include "converter/meta_converter.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/native/Resize.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/from_blob.h"
#include "ATen/ops/imag.h"
#include "ATen/ops/mm.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/view_as_complex.h"
#include "ATen/ops/zeros.h"
#include "absl/status/statusor.h"
#include "c10/util/intrusive_ptr.h"
#include "describer/compile_context.h"
#include "describer/trace_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/torch_status.h"
#include "nlohmann/json.hpp"
#include "tests/testing/records.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kUnimplemented = absl::StatusCode::kUnimplemented;

using WeakTensor = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

at::Tensor Convert(MetaConverter& converter, const at::Tensor& tensor, const ConvertOptions& options = {}) {
  return converter.Convert(tensor, options).value();
}

bool SameStorage(const at::Tensor& a, const at::Tensor& b) {
  return a.storage().unsafeGetStorageImpl() == b.storage().unsafeGetStorageImpl();
}

// --- Memo. ---

TEST(MetaConverterTest, TheSameObjectAsLongAsItIsHeld) {
  MetaConverter converter;
  const at::Tensor source = at::empty({4});
  at::Tensor result = Convert(converter, source);
  EXPECT_TRUE(result.is_meta());
  EXPECT_TRUE(Convert(converter, source).is_same(result));
  EXPECT_TRUE(converter.GetTensorMemo(0).is_same(result));
  const WeakTensor weak(result.getIntrusivePtr());
  result.reset();
  EXPECT_TRUE(weak.expired());
  EXPECT_FALSE(converter.GetTensorMemo(0).defined());
  EXPECT_EQ(converter.GetStorageMemo(0).unsafeGetStorageImpl(), nullptr);
  EXPECT_THAT(converter.Convert(source), IsOk());
}

TEST(MetaConverterTest, KeepsNeitherSourcesNorTheirBasesAlive) {
  MetaConverter converter;
  bool freed = false;
  float data[4] = {};
  at::Tensor source = at::from_blob(data, {4}, [&](void*) { freed = true; });
  const at::Tensor view = Convert(converter, source.view({2, 2}));
  const at::Tensor result = Convert(converter, source);
  source.reset();
  EXPECT_TRUE(freed);
  EXPECT_TRUE(view._base().is_same(result));
}

TEST(MetaConverterTest, TheBaseOfAViewCanBeConvertedLater) {
  MetaConverter converter;
  const at::Tensor base = at::empty({4});
  const at::Tensor view = Convert(converter, base.view({2, 2}));
  EXPECT_TRUE(Convert(converter, base).is_same(view._base()));
}

TEST(MetaConverterTest, MemosCanBeSet) {
  MetaConverter converter;
  const at::Tensor mine = at::empty({4}, at::device(at::kMeta));
  converter.SetTensorMemo(0, mine);
  EXPECT_TRUE(Convert(converter, at::empty({4})).is_same(mine));
  const at::Tensor other = at::empty({64}, at::device(at::kMeta));
  converter.SetStorageMemo(5, other.storage());
  EXPECT_EQ(converter.GetStorageMemo(5).unsafeGetStorageImpl(), other.storage().unsafeGetStorageImpl());
  MetaTensorDesc desc = DenseRecord(1, {4});
  desc.storage = StorageRecord(5, 256);
  EXPECT_TRUE(SameStorage(converter.MetaTensor(desc).value(), other));
}

using TensorMemoItems = std::vector<std::pair<MetaTensorId, at::Tensor>>;
using StorageMemoItems = std::vector<std::pair<MetaStorageId, c10::Storage>>;

TensorMemoItems TensorItems(MetaConverter& converter) {
  TensorMemoItems items;
  converter.ForEachTensorMemo([&](MetaTensorId id, const at::Tensor& tensor) { items.emplace_back(id, tensor); });
  return items;
}

StorageMemoItems StorageItems(MetaConverter& converter) {
  StorageMemoItems items;
  converter.ForEachStorageMemo([&](MetaStorageId id, const c10::Storage& storage) { items.emplace_back(id, storage); });
  return items;
}

TEST(MetaConverterTest, MemosCountAndVisitLiveResults) {
  MetaConverter converter;
  EXPECT_EQ(converter.TensorMemoSize(), 0);
  EXPECT_EQ(converter.StorageMemoSize(), 0);
  EXPECT_TRUE(TensorItems(converter).empty());
  EXPECT_TRUE(StorageItems(converter).empty());

  const at::Tensor base = at::empty({4});
  const at::Tensor other = at::empty({5});
  at::Tensor meta_view = Convert(converter, base.view({2, 2}));
  const at::Tensor meta_other = Convert(converter, other);
  EXPECT_EQ(converter.TensorMemoSize(), 3);
  EXPECT_EQ(converter.StorageMemoSize(), 2);
  {
    const TensorMemoItems tensors = TensorItems(converter);
    ASSERT_EQ(tensors.size(), 3);
    for (int id = 0; id < 3; ++id) EXPECT_EQ(tensors[id].first, id);
    EXPECT_TRUE(tensors[0].second.is_same(meta_view));
    EXPECT_TRUE(tensors[1].second.is_same(at::Tensor(meta_view._base())));
    EXPECT_TRUE(tensors[2].second.is_same(meta_other));
    const StorageMemoItems storages = StorageItems(converter);
    ASSERT_EQ(storages.size(), 2);
    EXPECT_EQ(storages[0].first, 0);
    EXPECT_EQ(storages[0].second.unsafeGetStorageImpl(), meta_view.storage().unsafeGetStorageImpl());
    EXPECT_EQ(storages[1].first, 1);
    EXPECT_EQ(storages[1].second.unsafeGetStorageImpl(), meta_other.storage().unsafeGetStorageImpl());
  }
  // Dead entries that were not swept yet are neither counted nor visited, and the visits kept nothing alive.
  meta_view.reset();
  EXPECT_EQ(converter.TensorMemoSize(), 1);
  EXPECT_EQ(converter.StorageMemoSize(), 1);
  EXPECT_EQ(TensorItems(converter).size(), 1);
  EXPECT_EQ(StorageItems(converter).size(), 1);
  EXPECT_TRUE(TensorItems(converter)[0].second.is_same(meta_other));
}

TEST(MetaConverterTest, AVisitorMayUseTheConverter) {
  MetaConverter converter;
  const std::vector<at::Tensor> sources = {at::empty({1}), at::empty({2}), at::empty({3})};
  std::vector<at::Tensor> results;
  for (const at::Tensor& source : sources) results.push_back(Convert(converter, source));
  std::vector<MetaTensorId> visited;
  converter.ForEachTensorMemo([&](MetaTensorId id, const at::Tensor& tensor) {
    visited.push_back(id);
    EXPECT_TRUE(converter.GetTensorMemo(id).is_same(tensor));
    EXPECT_TRUE(Convert(converter, sources[id]).is_same(tensor));
    Convert(converter, at::empty({4}));
    converter.ForEachStorageMemo([&](MetaStorageId, const c10::Storage&) { converter.Sweep(); });
    results[id].reset();  // Stays alive during its visit.
    EXPECT_EQ(tensor.numel(), id + 1);
    EXPECT_EQ(converter.TensorMemoSize(), 3 - id);
    if (id == 1) results[2].reset();  // Destroyed before it is visited.
  });
  EXPECT_THAT(visited, ElementsAre(0, 1));
  EXPECT_EQ(converter.TensorMemoSize(), 0);
  EXPECT_EQ(converter.StorageMemoSize(), 0);
}

TEST(MetaConverterTest, HitsAndMisses) {
  MetaConverter converter;
  EXPECT_FALSE(converter.successful());
  Convert(converter, at::empty({4}));
  EXPECT_TRUE(converter.successful());
  const at::Tensor quantized = at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
  EXPECT_THAT(converter.Convert(quantized), StatusIs(kUnimplemented, HasSubstr("quantized")));
  EXPECT_EQ(converter.hits(), 1);
  EXPECT_EQ(converter.misses(), 1);
  EXPECT_FALSE(converter.successful());
  EXPECT_THAT(converter.Convert(at::Tensor()), StatusIs(kInvalidArgument, HasSubstr("undefined")));
  EXPECT_EQ(converter.misses(), 1);
}

TEST(MetaConverterTest, AViewOfASparseTensorThatIsAGradientIsAMiss) {
  MetaConverter converter;
  const at::Tensor sparse = at::eye(3).to_sparse();
  const at::Tensor view = sparse.transpose(0, 1);
  ASSERT_TRUE(view.is_view());
  at::Tensor parameter = at::zeros({3, 3});
  parameter.mutable_grad() = view;
  const at::Tensor result = Convert(converter, parameter);
  EXPECT_TRUE(result.grad().is_sparse());
  EXPECT_THAT(converter.Convert(view), StatusIs(kUnimplemented, HasSubstr("view of a sparse tensor")));
  EXPECT_EQ(converter.misses(), 1);
  EXPECT_THAT(converter.Convert(sparse), IsOk());
}

TEST(MetaConverterTest, UnsupportedRecordsAreNamedAndChangeNothing) {
  const std::pair<const char*, void (*)(MetaTensorDesc&)> kKinds[] = {
      {"lazy", [](MetaTensorDesc& desc) { desc.device = c10::Device("lazy:0"); }},
      {"quantized", [](MetaTensorDesc& desc) { desc.dtype = c10::kQInt8; }},
      {"legacy batched", [](MetaTensorDesc& desc) { desc.edit_functorch().is_legacy_batchedtensor = true; }},
      {"unknown functorch wrapper", [](MetaTensorDesc& desc) { desc.edit_functorch().is_functorch_wrapped = true; }},
  };
  MetaConverter converter;
  for (const auto& [name, change] : kKinds) {
    MetaTensorDesc desc = DenseRecord(3, {2});
    change(desc);
    EXPECT_THAT(converter.MetaTensor(desc), StatusIs(kUnimplemented, Eq("record 3: tensors of kind '" +
                                                                        std::string(name) + "' are not supported")));
  }
  MetaTensorDesc quantized = DenseRecord(0, {2});
  quantized.dtype = c10::kQInt8;
  MetaTensorDesc with_quantized_grad = DenseRecord(3, {2});
  with_quantized_grad.extras.Edit().grad = Share(quantized);
  EXPECT_THAT(converter.MetaTensor(with_quantized_grad), StatusIs(kUnimplemented, HasSubstr("record 0: ")));
  EXPECT_EQ(converter.misses(), 5);
  EXPECT_FALSE(converter.GetTensorMemo(3).defined());
  EXPECT_EQ(converter.GetStorageMemo(3).unsafeGetStorageImpl(), nullptr);
  EXPECT_THAT(converter.MetaTensor(DenseRecord(3, {2})), IsOk());
}

TEST(MetaConverterTest, Storages) {
  MetaConverter converter;
  std::vector<std::string> devices;
  const AllocationCallback callback = [&](AllocationMaker make, c10::Device recorded) {
    devices.push_back(recorded.str());
    return make();
  };
  const c10::Storage storage = converter.MetaStorage(StorageRecord(2, 40), callback, c10::Device("cuda:1")).value();
  EXPECT_EQ(storage.nbytes(), 40);
  EXPECT_EQ(storage.device_type(), c10::DeviceType::Meta);
  EXPECT_EQ(converter.MetaStorage(StorageRecord(2, 40), callback).value().unsafeGetStorageImpl(),
            storage.unsafeGetStorageImpl());
  EXPECT_THAT(devices, ElementsAre("cuda:1"));
  EXPECT_THAT(converter.MetaStorage(StorageRecord(3, -1)),
              StatusIs(kInvalidArgument, Eq("storage 3: size: expected no negative value, found -1")));
  EXPECT_THAT(converter.MetaStorage(StorageRecord(3, 1), [](AllocationMaker, c10::Device) { return at::Tensor(); }),
              StatusIs(kInvalidArgument, HasSubstr("found none")));
}

TEST(MetaConverterTest, TracesASourceThatIsNamed) {
  std::vector<std::string> traced;
  MetaConverter converter(
      {.describer = {.trace_sink = [&](std::string_view name, const nlohmann::ordered_json& payload) {
         traced.push_back(std::string(name) + (name == "describe_source" ? payload.dump() : ""));
       }}});
  const at::Tensor source = at::empty({4});
  const at::Tensor result = Convert(converter, source, {.source = "L['x']"});
  const std::string id = std::to_string(converter.describer().id());
  EXPECT_THAT(traced, ElementsAre("describe_storage", "describe_tensor",
                                  R"(describe_source{"describer_id":)" + id + R"(,"id":0,"source":"L['x']"})"));
  EXPECT_TRUE(Convert(converter, source, {.source = "L['y']", .trace = false}).is_same(result));
  EXPECT_EQ(traced.size(), 3);
  EXPECT_TRUE(Convert(converter, source, {.source = "L['y']"}).is_same(result));
  EXPECT_EQ(traced.size(), 4);
}

// The example of describer/trace_file.h.
TEST(MetaConverterTest, TracesToAFile) {
  const auto trace = [](const std::string& folder, const at::Tensor& tensor, std::string& path) {
    absl::StatusOr<std::shared_ptr<TraceFile>> file = TraceFile::Create(folder, {.rank = 3});
    if (!file.ok()) return file.status();
    path = (*file)->path();
    MetaConverter converter({.describer = {.trace_sink = TraceFile::Sink(*file)}});
    {
      const CompileContext context({.compile_id = {.frame_id = 0, .frame_compile_id = 0}});
      EXPECT_THAT(converter.Convert(tensor, {.source = "L['x']"}), IsOk());
    }
    return (*file)->status();
  };
  std::string path;
  EXPECT_THAT(trace(testing::TempDir() + "/trace", at::empty({4}), path), IsOk());
  EXPECT_THAT(path, HasSubstr("/trace/dedicated_log_torch_trace_rank_3_"));
  std::ifstream log(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  const std::string context = R"("rank":3,"frame_id":0,"frame_compile_id":0,"attempt":0})";
  EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr(R"({"describe_storage":{"id":0,)"), EndsWith(context)),
                                 AllOf(HasSubstr(R"({"describe_tensor":{"id":0,)"), EndsWith(context)),
                                 AllOf(HasSubstr(R"("source":"L['x']"},)"), EndsWith(context))));
}

// --- Special cases. ---

TEST(MetaConverterTest, BackwardThroughANonLeafResultRaisesAnError) {
  MetaConverter converter;
  const at::Tensor result = Convert(converter, at::empty({2, 3}).set_requires_grad(true) * 2);
  ASSERT_FALSE(result.is_leaf());
  EXPECT_THAT(CatchTorch("backward",
                         [&] {
                           at::mm(result, result.t()).backward(at::empty({2, 2}, result.options()));
                         }),
              StatusIs(kInternal, HasSubstr("backward() reached a converted tensor")));
}

TEST(MetaConverterTest, AliasesOfAStorageThatWasResizedToZero) {
  MetaConverter converter;
  const at::Tensor flat = at::empty({12});
  const at::Tensor slice = flat.slice(0, 4, 8).detach();
  const at::Tensor view = flat.view({3, 4});
  at::native::resize_bytes_cpu(flat.storage().unsafeGetStorageImpl(), 0);
  const at::Tensor meta_slice = Convert(converter, slice);
  const at::Tensor meta_flat = Convert(converter, flat);
  const at::Tensor meta_view = Convert(converter, view);
  EXPECT_EQ(meta_slice.storage().nbytes(), 0);
  EXPECT_EQ(meta_slice.storage_offset(), 4);
  EXPECT_EQ(meta_flat.numel(), 12);
  EXPECT_TRUE(SameStorage(meta_slice, meta_flat));
  EXPECT_TRUE(SameStorage(meta_slice, meta_view));
  EXPECT_TRUE(meta_view._base().is_same(meta_flat));
}

// The reference leaves the result on the storage of the base. See Note [Views on a different storage than their base].
TEST(MetaConverterTest, AViewThatWasMovedToAnotherStorage) {
  const at::Tensor base = at::empty({2, 3});
  const at::Tensor elsewhere = at::empty({50});
  for (const bool requires_grad : {false, true}) {
    MetaConverter converter;
    at::Tensor view = base[0];
    view.set_data(elsewhere.slice(0, 7, 10));
    if (requires_grad) view.set_requires_grad(true);
    const at::Tensor meta_view = Convert(converter, view);
    const at::Tensor meta_elsewhere = Convert(converter, elsewhere);
    const at::Tensor meta_base = Convert(converter, base);
    EXPECT_TRUE(meta_view._base().is_same(meta_base));
    EXPECT_TRUE(SameStorage(meta_view, meta_elsewhere));
    EXPECT_FALSE(SameStorage(meta_view, meta_base));
    EXPECT_EQ(meta_view.storage_offset(), 7);
    EXPECT_EQ(meta_view.requires_grad(), requires_grad);
    EXPECT_EQ(meta_elsewhere.storage().nbytes(), 200);
    EXPECT_EQ(meta_base.storage().nbytes(), 24);
  }
}

// The reference fails for these, because it applies the view operator to the base directly. See Note [Views that change
// the dtype].
TEST(MetaConverterTest, ViewsThatChangeTheDtypeOfAnyBase) {
  const at::Tensor odd = at::empty({7});
  const at::Tensor conj = at::empty({3}, at::kComplexFloat).conj().detach();
  const at::Tensor leaf = at::empty({3, 4}).set_requires_grad(true);
  const at::Tensor kViews[] = {
      at::view_as_complex(odd.slice(0, 0, 6).view({3, 2})),
      at::imag(conj),
      at::view_as_complex(leaf.slice(1, 0, 2)),
  };
  for (const at::Tensor& view : kViews) {
    ASSERT_TRUE(view.is_view());
    MetaConverter converter;
    const absl::StatusOr<at::Tensor> result = converter.Convert(view);
    ASSERT_THAT(result, IsOk()) << view.toString() << view.sizes();
    EXPECT_EQ(result->scalar_type(), view.scalar_type());
    EXPECT_EQ(result->sizes(), view.sizes());
    EXPECT_EQ(result->strides(), view.strides());
    EXPECT_EQ(result->storage_offset(), view.storage_offset());
    EXPECT_EQ(result->is_neg(), view.is_neg());
    EXPECT_EQ(result->requires_grad(), view.requires_grad());
    EXPECT_TRUE(result->_base().is_same(Convert(converter, at::Tensor(view._base()))));
  }
}

TEST(MetaConverterTest, AnInPlaceChangeOfTheBaseCountsForTheView) {
  MetaConverter converter;
  const at::Tensor base = at::empty({4});
  const at::Tensor view = Convert(converter, base.slice(0, 1));
  const at::Tensor meta_base = Convert(converter, base);
  const auto version = view._version();
  meta_base.add_(1);
  EXPECT_EQ(view._version(), version + 1);
}

TEST(MetaConverterTest, GradientsAndBasesThatShareAtEveryLevel) {
  at::Tensor source = at::empty({2});
  constexpr int kLevels = 60;
  for (int level = 0; level < kLevels; ++level) {
    at::Tensor base = at::empty({2});
    base.mutable_grad() = source;
    at::Tensor view = base.view({2});
    view.mutable_grad() = source;
    source = std::move(view);
  }
  MetaConverter converter;
  at::Tensor result = Convert(converter, source);
  for (int level = 0; level < kLevels; ++level) {
    ASSERT_TRUE(result.is_view());
    ASSERT_TRUE(result.grad().defined());
    EXPECT_TRUE(at::Tensor(result._base()).grad().is_same(result.grad()));
    result = result.grad();
  }
}

TEST(MetaConverterTest, AGradientOfAnotherStorageAndStride) {
  MetaConverter converter;
  at::Tensor weight = at::empty({3, 4}).set_requires_grad(true);
  weight.mutable_grad() = at::empty({4, 3}).t();
  const at::Tensor result = Convert(converter, weight);
  EXPECT_EQ(result.grad().strides(), (at::IntArrayRef{1, 3}));
  EXPECT_TRUE(result.grad().is_view());
  EXPECT_TRUE(Convert(converter, weight.grad()).is_same(result.grad()));
}

}  // namespace
}  // namespace metaconv
