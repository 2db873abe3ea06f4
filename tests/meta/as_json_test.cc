#include "meta/as_json.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

class BlockSize : public OpaqueValue {
 public:
  std::string Repr() const override { return "BlockSize(32)"; }
};

class NamedViewFunc : public ViewFunc {
 public:
  std::string Name() const override { return "as_strided"; }
  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc&, const at::Tensor&, const SymIntVisitor&,
                                   const TensorVisitor&) const override {
    return absl::UnimplementedError("not here");
  }
};

TEST(AsJsonTest, DefaultsAreOmittedAndFieldsAreInOrder) {
  EXPECT_EQ(AsJson(DenseRecord(3, {4, 8}), 7).dump(),
            R"json({"id":3,"ndim":2,"dtype":"torch.float32","device":"device(type='cpu')","size":[4,8],)json"
            R"json("dynamo_hint_overrides":{},"is_leaf":true,"stride":[8,1],"storage":3,)json"
            R"json("view_func":"_CustomViewFunc(func=none)","describer_id":7})json");
}

class KeptCalls : public NamedViewFunc {
 public:
  explicit KeptCalls(std::string bytes) : bytes_(std::move(bytes)) {}
  std::optional<EncodedValue> Encode() const override {
    return EncodedValue{.type = std::string(kOperatorCalls), .bytes = bytes_};
  }

 private:
  const std::string bytes_;
};

// Takes minutes if the time grows with the square of the number of members.
TEST(AsJsonTest, CallsWithManyMembersAreOmitted) {
  std::string text = "[{";
  for (int i = 0; i < 1'000'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  MetaTensorDesc desc = DenseRecord(3, {4, 8});
  desc.extras.Edit().view_func = std::make_shared<const KeptCalls>(text + "\"name\":\"n\"}]");
  EXPECT_FALSE(AsJson(desc, 0).contains("view_func_calls"));
  desc.extras.Edit().view_func = std::make_shared<const KeptCalls>(R"([{"name":"n","arguments":[]}])");
  EXPECT_EQ(AsJson(desc, 0)["view_func_calls"].dump(), R"([{"name":"n","arguments":[]}])");
}

// As above.
TEST(AsJsonTest, ManyAttributes) {
  MetaTensorDesc desc = DenseRecord(3, {4, 8});
  desc.edit_wrapper().attrs.emplace();
  for (int i = 0; i < 1'000'000; ++i) desc.edit_wrapper().attrs->emplace_back(std::to_string(i), nullptr);
  EXPECT_EQ(AsJson(desc, 0)["attrs"].size(), 1'000'000u);
}

TEST(AsJsonTest, FieldsThatTheReferenceAlwaysWrites) {
  EXPECT_EQ(AsJson(MetaTensorDesc(), 0).dump(),
            R"json({"id":0,"ndim":0,"dtype":"torch.float32","device":"device(type='cpu')","size":[],)json"
            R"json("dynamo_hint_overrides":{},"view_func":"_CustomViewFunc(func=none)","describer_id":0})json");
}

TEST(AsJsonTest, EveryFieldInTheOrderOfTheReference) {
  const MetaTensorDescPtr nested = Share(DenseRecord(9, {1}));
  MetaTensorDesc desc = DenseRecord(1, {2});
  desc.device = c10::Device("cuda:1");
  desc.dtype = c10::kComplexFloat;
  desc.edit_attributes().dynamo_dynamic_indices = {0};
  desc.edit_attributes().dynamo_hint_overrides = {{0, 5}};
  desc.layout = c10::kSparseCsr;
  desc.is_inference = desc.requires_grad = desc.is_sparse = desc.extras.Edit().is_mkldnn =
      desc.edit_functorch().is_functorch_wrapped = true;
  desc.edit_functorch().is_batchedtensor = desc.edit_functorch().is_legacy_batchedtensor =
      desc.edit_functorch().is_gradtrackingtensor = desc.is_view = true;
  desc.edit_nested().ndim = 1;
  desc.is_nested = desc.edit_wrapper().is_traceable_wrapper_subclass = desc.edit_functorch().is_functional = true;
  desc.is_conj = desc.is_neg = desc.is_parameter = true;
  desc.edit_attributes().nested_int = 2;
  desc.storage_offset = 6;
  desc.edit_sparse().sparse_dim = 0;
  desc.edit_sparse().dense_dim = 1;
  desc.edit_sparse().is_coalesced = false;
  desc.edit_sparse().crow_indices = desc.edit_sparse().col_indices = desc.edit_sparse().ccol_indices =
      desc.edit_sparse().row_indices = desc.edit_sparse().values = nested;
  desc.edit_sparse().indices = nested;
  desc.edit_functorch().unwrapped = desc.base = desc.extras.Edit().grad = nested;
  desc.edit_functorch().bdim = 0;
  desc.edit_wrapper().attrs = Attr("inner", nested);
  desc.edit_wrapper().opaque_attrs = {{"block", std::make_shared<BlockSize>()}};
  desc.creation_meta = CreationMeta::kNoGradMode;
  desc.edit_wrapper().ctx = std::make_shared<BlockSize>();
  desc.edit_wrapper().type = "TwoTensor";
  desc.extras.Edit().fake_mode = std::make_shared<BlockSize>();
  desc.extras.Edit().view_func = std::make_shared<NamedViewFunc>();
  desc.edit_functorch().level = 1;
  desc.edit_functorch().current_level = 2;
  desc.edit_functorch().functorch_stack = std::make_shared<BlockSize>();
  EXPECT_EQ(
      AsJson(desc, 0).dump(),
      R"json({"id":1,"ndim":1,"dtype":"torch.complex64","device":"device(type='cuda', index=1)","size":[2],)json"
      R"json("dynamo_dynamic_indices":[0],"dynamo_hint_overrides":{"0":5},"layout":"torch.sparse_csr","is_inference":true,)json"
      R"json("is_leaf":true,"requires_grad":true,"is_sparse":true,"is_mkldnn":true,"is_functorch_wrapped":true,)json"
      R"json("is_batchedtensor":true,"is_legacy_batchedtensor":true,"is_gradtrackingtensor":true,"is_view":true,)json"
      R"json("is_nested":true,"nested_int":"2","is_traceable_wrapper_subclass":true,"is_functional":true,"is_conj":true,)json"
      R"json("is_neg":true,"is_parameter":true,"stride":[1],"storage_offset":6,"storage":1,"sparse_dim":0,"dense_dim":1,)json"
      R"json("is_coalesced":false,"crow_indices":9,"col_indices":9,"ccol_indices":9,"row_indices":9,"values":9,)json"
      R"json("indices":9,)json"
      R"json("unwrapped":9,"bdim":0,"base":9,"attrs":{"inner":9},"opaque_attrs":{"block":"BlockSize(32)"},)json"
      R"json("creation_meta":"CreationMeta.NO_GRAD_MODE","grad":9,"ctx":"BlockSize(32)","type":"TwoTensor",)json"
      R"json("fake_mode":"BlockSize(32)","view_func":"_CustomViewFunc(func=as_strided)","level":"1","current_level":"2",)json"
      R"json("functorch_stack":"BlockSize(32)","describer_id":0})json");
}

TEST(AsJsonTest, ZeroDimensionsAndDefaultCreationMetaAreWritten) {
  MetaTensorDesc desc = DenseRecord(0, {});
  desc.creation_meta = CreationMeta::kDefault;
  desc.edit_sparse().sparse_dim = 0;
  const nlohmann::ordered_json json = AsJson(desc, 0);
  EXPECT_EQ(json["stride"].dump(), "[]");
  EXPECT_EQ(json["creation_meta"], "CreationMeta.DEFAULT");
  EXPECT_EQ(json["sparse_dim"], 0);
}

TEST(AsJsonTest, SymbolicIntegersAreText) {
  MetaTensorDesc desc = DenseRecord(0, {2, 3});
  desc.size[0] = MakeSymbolicInt("s0");
  desc.storage_offset = MakeSymbolicInt("s1");
  const nlohmann::ordered_json json = AsJson(desc, 0);
  EXPECT_EQ(json["size"].dump(), R"(["s0",3])");
  EXPECT_EQ(json["storage_offset"], "s1");
  EXPECT_EQ(AsJson(MetaStorageDesc{.id = 2, .size = MakeSymbolicInt("4*s0")}, 1).dump(),
            R"({"id":2,"describer_id":1,"size":"4*s0"})");
}

TEST(AsJsonTest, Storage) {
  EXPECT_EQ(AsJson(StorageRecord(4, 96), 2).dump(), R"({"id":4,"describer_id":2,"size":96})");
}

}  // namespace
}  // namespace metaconv
