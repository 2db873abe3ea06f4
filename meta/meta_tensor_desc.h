// MetaTensorDesc: the record of a tensor, without its data.
//
// Holds shape, strides, dtype, layout, device, aliasing, view and autograd structure: enough to build a tensor with the
// same metadata, in this process or in another one. `describer/` makes records from tensors, `checkpoint/` from files.
//
// Example:
//   auto desc = std::make_shared<const MetaTensorDesc>(MetaTensorDesc{
//       .id = 0, .dtype = c10::kFloat, .is_leaf = true, .size = {4, 8}, .stride = SymSizes{8, 1},
//       .storage = MetaStorageDesc{.id = 0, .size = 128}});
//   std::cout << *desc;          // Prints every field that is not at its default.
//   AsJson(*desc, /*describer_id=*/0);
//
// A plain struct: the fields that dense tensors and views have are inside, in three cache lines, and all others are in
// `extras`, which is allocated only where one of them is set. Reading a field that is not set needs no check:
//   desc->sparse().values;                       // Null for a dense tensor.
//   desc.edit_sparse().sparse_dim = 2;           // While the record is written.
//   MetaTensorDesc{.id = 1, …, .extras = MetaTensorDescExtras{.grad = grad}};
//
// Fields have the names and the defaults of the reference; meta_tensor_desc_fields.h lists all of them in its order.
// Nested records are shared pointers: the record of a base is one object that all its views share. In JSON a nested
// record is written as its id.
//
// Thread safety: a plain value; shared as `MetaTensorDescPtr` it may be read from any thread.
// Lifetime: owns its members. `data` and `autograd_meta_from` keep real tensors alive, and are set on request only.
// Source: `MetaTensorDesc` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_META_TENSOR_DESC_H_
#define METACONV_META_META_TENSOR_DESC_H_

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "c10/core/SymInt.h"
#include "c10/core/SymIntArrayRef.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "meta/creation_meta.h"
#include "meta/indirect.h"
#include "meta/meta_storage_desc.h"
#include "meta/opaque_value.h"
#include "meta/view_func.h"

namespace metaconv {

struct MetaTensorDesc;
using MetaTensorDescPtr = std::shared_ptr<const MetaTensorDesc>;

// Sizes or strides; numbers or symbolic expressions. Up to five are stored without an allocation.
using SymSizes = absl::InlinedVector<c10::SymInt, 5>;
inline SymSizes ToSymSizes(c10::SymIntArrayRef values) { return SymSizes(values.begin(), values.end()); }

// Sparse tensors.
struct SparseFields {
  std::optional<std::int64_t> sparse_dim = {};
  std::optional<std::int64_t> dense_dim = {};
  std::optional<bool> is_coalesced = {};
  MetaTensorDescPtr crow_indices = {};
  MetaTensorDescPtr col_indices = {};
  MetaTensorDescPtr ccol_indices = {};
  MetaTensorDescPtr row_indices = {};
  MetaTensorDescPtr values = {};
  // Sparse COO only; not in the reference. Set together with `values`, and only on request: see
  // MetaTensorDescriber::Options::copy_data and ReadOptions.
  MetaTensorDescPtr indices = {};
};

// Strided nested tensors; not in the reference. One entry for each component tensor, in elements; `size` of the record
// is empty.
struct NestedFields {
  std::int64_t ndim = 0;
  std::vector<std::vector<std::int64_t>> sizes = {};
  std::vector<std::vector<std::int64_t>> strides = {};
  std::vector<std::int64_t> offsets = {};
};

// Wrappers of functorch and of functionalization.
struct FunctorchFields {
  bool is_functorch_wrapped = false;
  bool is_batchedtensor = false;
  bool is_legacy_batchedtensor = false;
  bool is_gradtrackingtensor = false;
  bool is_functional = false;
  MetaTensorDescPtr unwrapped = {};
  std::optional<std::int64_t> bdim = {};   // Batched tensors.
  std::optional<std::int64_t> level = {};  // Valid only with `functorch_stack`.
  std::optional<std::int64_t> current_level = {};
  std::shared_ptr<const OpaqueValue> functorch_stack = {};
};

// Wrapper types.
struct WrapperFields {
  bool is_traceable_wrapper_subclass = false;
  std::optional<std::vector<std::pair<std::string, MetaTensorDescPtr>>> attrs = {};  // In the order of flatten.
  std::vector<std::pair<std::string, std::shared_ptr<const OpaqueValue>>> opaque_attrs = {};
  std::shared_ptr<const OpaqueValue> ctx = {};
  std::optional<std::string> type = {};  // The registered name.
};

// Attributes of a tensor in Python; see describer/tensor_facts.h.
struct AttributeFields {
  std::vector<std::int64_t> dynamo_dynamic_indices = {};
  std::map<std::int64_t, std::int64_t> dynamo_hint_overrides = {};  // dimension -> hint
  std::optional<std::int64_t> nested_int = {};
  std::optional<bool> persistent = {};  // Whether the module's state_dict contains the buffer.
};

// The fields that few tensors have.
struct MetaTensorDescExtras {
  bool is_mkldnn = false;
  MetaTensorDescPtr grad = {};
  // Null for a view that size, stride and storage offset define: see kinds/torch_view_func.h.
  std::shared_ptr<const ViewFunc> view_func = {};
  std::shared_ptr<const OpaqueValue> fake_mode = {};
  c10::intrusive_ptr<c10::TensorImpl> autograd_meta_from = {};
  c10::intrusive_ptr<c10::TensorImpl> data = {};
  Indirect<SparseFields> sparse = {};
  Indirect<NestedFields> nested = {};
  Indirect<FunctorchFields> functorch = {};
  Indirect<WrapperFields> wrapper = {};
  Indirect<AttributeFields> attributes = {};
};

struct MetaTensorDesc {
  MetaTensorId id = 0;
  c10::ScalarType dtype = c10::ScalarType::Float;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  c10::Layout layout = c10::Layout::Strided;
  bool is_inference = false;
  bool is_leaf = false;
  bool requires_grad = false;
  bool is_sparse = false;  // COO only, as in the reference.
  bool is_view = false;
  bool is_nested = false;
  bool is_conj = false;
  bool is_neg = false;
  bool is_parameter = false;
  bool is_buffer = false;  // The tensor is a module's buffer. Not in the reference, which copies the attribute.
  std::optional<CreationMeta> creation_meta = {};  // Views.
  SymSizes size = {};
  std::optional<SymSizes> stride = {};          // In elements; nullopt for sparse and strided nested tensors.
  c10::SymInt storage_offset = 0;               // In elements.
  std::optional<MetaStorageDesc> storage = {};  // Nullopt for kinds of tensors without a storage.
  MetaTensorDescPtr base = {};                  // Views.
  Indirect<MetaTensorDescExtras> extras = {};

  std::int64_t ndim() const { return is_nested ? nested().ndim : static_cast<std::int64_t>(size.size()); }
  const SymSizes& shape() const { return size; }

  const MetaTensorDescPtr& grad() const { return extras->grad; }
  const SparseFields& sparse() const { return *extras->sparse; }
  const NestedFields& nested() const { return *extras->nested; }
  const FunctorchFields& functorch() const { return *extras->functorch; }
  const WrapperFields& wrapper() const { return *extras->wrapper; }
  const AttributeFields& attributes() const { return *extras->attributes; }

  SparseFields& edit_sparse() { return extras.Edit().sparse.Edit(); }
  NestedFields& edit_nested() { return extras.Edit().nested.Edit(); }
  FunctorchFields& edit_functorch() { return extras.Edit().functorch.Edit(); }
  WrapperFields& edit_wrapper() { return extras.Edit().wrapper.Edit(); }
  AttributeFields& edit_attributes() { return extras.Edit().attributes.Edit(); }

  // Compares every field, including ids and process-local pointers. meta/equal.h can ignore fields.
  friend bool operator==(const MetaTensorDesc& a, const MetaTensorDesc& b);

  // Hashes a subset of the fields. All symbolic integers hash to the same value: two of them may turn out to be equal,
  // and equal records must have equal hashes.
  template <typename H>
  friend H AbslHashValue(H h, const MetaTensorDesc& desc) {
    const auto combine = [&h](const c10::SymInt& value) {
      h = H::combine(std::move(h), value.maybe_as_int().value_or(-1));
    };
    for (const c10::SymInt& extent : desc.size) combine(extent);
    if (desc.stride.has_value()) {
      for (const c10::SymInt& step : *desc.stride) combine(step);
    }
    combine(desc.storage_offset);
    return H::combine(std::move(h), desc.id, desc.dtype, desc.layout, desc.device.type(), desc.device.index(),
                      desc.requires_grad, desc.is_view,
                      desc.storage.has_value() ? desc.storage->id : MetaStorageId{-1});
  }
};

static_assert(sizeof(MetaTensorDesc) <= 192, "a record of a dense tensor is one allocation of three cache lines");

// Prints every field that is not at its default, nested records as their ids: `MetaTensorDesc(id=0, ndim=2, …)`.
std::ostream& operator<<(std::ostream& os, const MetaTensorDesc& desc);
std::ostream& operator<<(std::ostream& os, const MetaStorageDesc& desc);

}  // namespace metaconv

#endif  // METACONV_META_META_TENSOR_DESC_H_
