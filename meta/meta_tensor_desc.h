// MetaTensorDesc: the record of a tensor, without its data.
//
// Holds shape, strides, dtype, layout, device, aliasing, view and autograd structure: enough to build a tensor with the
// same metadata, in this process or in another one. `describer/` makes records from tensors, `checkpoint/` from files.
//
// Example:
//   auto desc = std::make_shared<const MetaTensorDesc>(MetaTensorDesc{
//       .id = 0, .ndim = 2, .dtype = c10::kFloat, .size = {4, 8}, .is_leaf = true,
//       .stride = c10::SymDimVector{8, 1}, .storage = storage});
//   std::cout << *desc;          // Prints every field that is not at its default.
//   AsJson(*desc, /*describer_id=*/0);
//
// Fields have the names, the order and the defaults of the reference. Nested records are shared pointers: the record of
// a base is one object that all its views share. In JSON a nested record is written as its id.
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

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "c10/core/SymInt.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/DimVector.h"
#include "c10/util/intrusive_ptr.h"
#include "meta/creation_meta.h"
#include "meta/meta_storage_desc.h"
#include "meta/opaque_value.h"
#include "meta/view_func.h"

namespace metaconv {

struct MetaTensorDesc;
using MetaTensorDescPtr = std::shared_ptr<const MetaTensorDesc>;
using MetaStorageDescPtr = std::shared_ptr<const MetaStorageDesc>;

struct MetaTensorDesc {
  // --- Fields without a default in the reference. ---
  MetaTensorId id = 0;
  std::int64_t ndim = 0;
  c10::ScalarType dtype = c10::ScalarType::Float;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  c10::SymDimVector size = {};
  std::vector<std::int64_t> dynamo_dynamic_indices = {};
  std::map<std::int64_t, std::int64_t> dynamo_hint_overrides = {};  // dimension -> hint

  // --- Kind and autograd state. ---
  c10::Layout layout = c10::Layout::Strided;
  bool is_inference = false;
  bool is_leaf = false;
  bool requires_grad = false;
  bool is_sparse = false;  // COO only, as in the reference.
  bool is_mkldnn = false;
  bool is_functorch_wrapped = false;
  bool is_batchedtensor = false;
  bool is_legacy_batchedtensor = false;
  bool is_gradtrackingtensor = false;
  bool is_view = false;
  bool is_nested = false;
  std::optional<std::int64_t> nested_int = {};
  bool is_traceable_wrapper_subclass = false;
  bool is_functional = false;
  bool is_conj = false;
  bool is_neg = false;
  bool is_parameter = false;
  // `is_buffer`: the tensor is a module's buffer. `persistent`: whether the module's state_dict contains it. The
  // reference has neither in its record; it copies both attributes from tensor to tensor.
  bool is_buffer = false;
  std::optional<bool> persistent = {};

  // --- Strided. --- `stride` in elements; nullopt for sparse and strided nested tensors.
  std::optional<c10::SymDimVector> stride = {};
  c10::SymInt storage_offset = 0;   // In elements.
  MetaStorageDescPtr storage = {};  // Null for kinds of tensors without a storage.

  // --- Sparse. ---
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

  // --- Strided nested; not in the reference. --- One entry for each component tensor, in elements; `size` is empty.
  std::vector<std::vector<std::int64_t>> nested_sizes = {};
  std::vector<std::vector<std::int64_t>> nested_strides = {};
  std::vector<std::int64_t> nested_offsets = {};

  // --- Structure. ---
  MetaTensorDescPtr unwrapped = {};       // functorch and functional wrappers.
  std::optional<std::int64_t> bdim = {};  // Batched tensors.
  MetaTensorDescPtr base = {};            // Views.
  std::optional<std::vector<std::pair<std::string, MetaTensorDescPtr>>> attrs =
      {};  // Wrapper types, in the order of flatten.
  std::vector<std::pair<std::string, std::shared_ptr<const OpaqueValue>>> opaque_attrs = {};  // Wrapper types.
  std::optional<CreationMeta> creation_meta = {};                                             // Views.
  MetaTensorDescPtr grad = {};

  // --- Fields that the reference calls not serializable. ---
  std::shared_ptr<const OpaqueValue> ctx = {};  // Wrapper types.
  std::optional<std::string> type = {};         // Wrapper types: the registered name.
  std::shared_ptr<const OpaqueValue> fake_mode = {};
  std::shared_ptr<const ViewFunc> view_func = {};
  std::optional<std::int64_t> level = {};  // functorch wrappers; valid only with `functorch_stack`.
  std::optional<std::int64_t> current_level = {};
  std::shared_ptr<const OpaqueValue> functorch_stack = {};
  c10::intrusive_ptr<c10::TensorImpl> autograd_meta_from = {};
  c10::intrusive_ptr<c10::TensorImpl> data = {};

  const c10::SymDimVector& shape() const { return size; }

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
    return H::combine(std::move(h), desc.id, desc.ndim, desc.dtype, desc.layout, desc.device.type(),
                      desc.device.index(), desc.requires_grad, desc.is_view,
                      desc.storage == nullptr ? MetaStorageId{-1} : desc.storage->id);
  }
};

// Prints every field that is not at its default, nested records as their ids: `MetaTensorDesc(id=0, ndim=2, …)`.
std::ostream& operator<<(std::ostream& os, const MetaTensorDesc& desc);
std::ostream& operator<<(std::ostream& os, const MetaStorageDesc& desc);

}  // namespace metaconv

#endif  // METACONV_META_META_TENSOR_DESC_H_
