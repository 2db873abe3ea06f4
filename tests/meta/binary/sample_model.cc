#include "tests/meta/binary/sample_model.h"

#include <memory>
#include <optional>
#include <utility>

#include "meta/encoded_value.h"
#include "meta/named_view_func.h"
#include "meta/text_value.h"
#include "tests/testing/records.h"

namespace metaconv {
namespace {

std::shared_ptr<const OpaqueValue> Opaque(const char* text, const char* bytes) {
  return std::make_shared<const TextValue>(text, EncodedValue{.type = "a type", .bytes = bytes});
}

}  // namespace

MetaTensorDescPtr RecordWithEveryField() {
  const MetaTensorDescPtr part = Share(DenseRecord(11, {2, 3}));
  const MetaTensorDescPtr captured = Share(DenseRecord(12, {1}));
  MetaTensorDesc desc = DenseRecord(10, {4, 4});
  desc.dtype = c10::kComplexFloat;
  desc.device = c10::Device("cuda:1");
  desc.layout = c10::Layout::SparseBsr;
  desc.is_inference = desc.requires_grad = desc.is_sparse = desc.is_view = true;
  desc.is_conj = desc.is_neg = desc.is_parameter = desc.is_buffer = true;
  desc.creation_meta = CreationMeta::kNoGradMode;
  desc.storage_offset = 2;
  desc.base = part;
  MetaTensorDescExtras& extras = desc.extras.Edit();
  extras.is_mkldnn = true;
  extras.grad = part;
  extras.view_func = std::make_shared<const NamedViewFunc>(
      "aten::view_as, aten::select.int",
      EncodedValue{.type = std::string(kOperatorCalls),
                   .bytes = R"([{"name":"aten::view_as","arguments":[null,{"tensor":0}]},)"
                            R"({"name":"aten::select.int","arguments":[null,0,3]}])"},
      std::vector<CapturedTensor>{{.desc = captured, .tensor = {}}});
  extras.fake_mode = Opaque("FakeTensorMode", "");
  SparseFields& sparse = desc.edit_sparse();
  sparse.sparse_dim = 2;
  sparse.dense_dim = 0;
  sparse.is_coalesced = false;
  sparse.crow_indices = sparse.col_indices = sparse.ccol_indices = sparse.row_indices = part;
  sparse.values = sparse.indices = part;
  FunctorchFields& functorch = desc.edit_functorch();
  functorch.is_functorch_wrapped = functorch.is_batchedtensor = functorch.is_legacy_batchedtensor = true;
  functorch.is_gradtrackingtensor = functorch.is_functional = true;
  functorch.unwrapped = part;
  functorch.bdim = 1;
  functorch.level = -2;
  functorch.current_level = 1;
  functorch.functorch_stack = Opaque("[]", "[]");
  WrapperFields& wrapper = desc.edit_wrapper();
  wrapper.is_traceable_wrapper_subclass = true;
  wrapper.attrs = {{"data", part}, {"scale", nullptr}};
  wrapper.opaque_attrs = {{"axis", Opaque("Axis(1)", "\x01\xFF")}, {"mode", nullptr}};
  wrapper.ctx = std::make_shared<const TextValue>("only text");
  wrapper.type = "Int8Weight";
  AttributeFields& attributes = desc.edit_attributes();
  attributes.dynamo_dynamic_indices = {0, 1};
  attributes.dynamo_hint_overrides = {{-1, 8}, {1, 16}};
  attributes.nested_int = 3;
  attributes.persistent = false;
  return Share(std::move(desc));
}

std::vector<NamedTensor> SampleModel() {
  const MetaTensorDescPtr dense = Share(DenseRecord(1, {4, 8}));
  const MetaTensorDescPtr view = Share(ViewRecord(0, dense));
  MetaTensorDesc nested = DenseRecord(4, {});
  nested.is_nested = true;
  nested.stride.reset();
  nested.edit_nested() = {.ndim = 3, .sizes = {{2, 5}, {1, 5}}, .strides = {{5, 1}, {}}, .offsets = {0, 10}};
  return {{"embed.weight", dense},
          {"embed.view", view},
          {"head.weight", dense},
          {"scalar", Share(DenseRecord(2, {}))},
          {"", Share(DenseRecord(3, {1, 2, 3, 1, 2, 3, 1}))},
          {"n\xC3\xA9sted", Share(std::move(nested))},
          {"every", RecordWithEveryField()}};
}

}  // namespace metaconv
