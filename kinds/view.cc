#include "kinds/view.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <typeinfo>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/view_as_complex.h"
#include "ATen/ops/view_as_real.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "c10/core/AutogradState.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/TensorImpl.h"
#include "kinds/check_record.h"
#include "kinds/find_operator.h"
#include "kinds/manual_view.h"
#include "kinds/torch_view_func.h"
#include "meta/complex_dtype.h"
#include "meta/python_repr.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

// The whole storage of `base` as a one-dimensional tensor of the same dtype.
at::Tensor Flat(const at::Tensor& base) {
  const auto elements = static_cast<std::int64_t>(base.storage().nbytes() / base.element_size());
  return base.as_strided({elements}, {1}, 0);
}

// Whether view_as_real can double all strides without overflow. The stride of a dimension with one element may have any
// value.
bool CanDoubleStrides(const at::Tensor& tensor) {
  for (const c10::SymInt& stride : tensor.sym_strides()) {
    if (stride.maybe_as_int().value_or(0) > std::numeric_limits<std::int64_t>::max() / 2) return false;
  }
  return true;
}

// A view of `base` with dtype `dtype`, which must be the same dtype or its complex or real counterpart.
//
// Note [Views that change the dtype]
// The reference calls view_as_complex or view(dtype) on the base as it is. That fails if the shape of the base does not
// fit, or if LibTorch does not treat the operation as a view, although the described view exists. A view shares only
// the storage with its base, so we go through a flat view of the storage.
at::Tensor InDtype(const at::Tensor& base, c10::ScalarType dtype) {
  const c10::ScalarType from = base.scalar_type();
  if (from == dtype) return base;
  // A view of another dtype reads the elements as they are in memory, so the conjugate bit is removed first. The result
  // gets the bits of its record afterwards.
  if (base.is_conj()) return InDtype(base.conj(), dtype);
  if (IsComplexOfReal(from, dtype)) return at::view_as_real(CanDoubleStrides(base) ? base : Flat(base));
  const at::Tensor flat = Flat(base);
  return at::view_as_complex(flat.as_strided({flat.numel() / 2, 2}, {2, 1}));
}

at::Tensor AsStrided(const at::Tensor& base, const MetaTensorDesc& desc) {
  return base.as_strided_symint(desc.size, *desc.stride, desc.storage_offset);
}

// How a view is made: `prepare` transforms the base, and `make` creates the view of the transformed base that the
// record describes.
using ViewStep = absl::FunctionRef<at::Tensor(const at::Tensor& base, const MetaTensorDesc& desc)>;
struct ViewMaker {
  ViewStep prepare;
  ViewStep make;

  at::Tensor operator()(const at::Tensor& base, const MetaTensorDesc& desc) const {
    return make(prepare(base, desc), desc);
  }
};

// Creates the view with the autograd state of the record.
at::Tensor ViewOf(const at::Tensor& base, const MetaTensorDesc& desc, const ViewMaker& maker) {
  if (desc.is_leaf) {
    // A view that is a leaf was created in no-grad mode.
    at::Tensor view;
    {
      const c10::AutoGradMode disabled(false);
      view = maker(base, desc);
    }
    if (desc.requires_grad) view.set_requires_grad(true);
    return view;
  }
  const c10::AutoGradMode enabled(true);
  if (desc.base->requires_grad) return maker(base, desc);
  // A view that is not a leaf, of a base that does not require grad: a leaf view of the base that requires grad must be
  // between them, so it is created first.
  at::Tensor leaf;
  {
    const c10::AutoGradMode disabled(false);
    leaf = maker.prepare(base, desc);
    leaf = leaf.view_symint(leaf.sym_sizes());
  }
  leaf.set_requires_grad(true);
  return maker.make(leaf, desc);
}

at::Tensor StridedView(const at::Tensor& base, const MetaTensorDesc& desc) {
  const auto in_dtype = [](const at::Tensor& tensor, const MetaTensorDesc& view) {
    return InDtype(tensor, view.dtype);
  };
  return ViewOf(base, desc, {.prepare = in_dtype, .make = AsStrided});
}

// Note [Views without the dispatcher]
// For a plain tensor, as_strided without autograd history creates a tensor on the same storage and registers it as a
// view. We do the same directly, which takes a fraction of the time of the dispatcher. The dispatcher is used where the
// result would differ: in view replay mode LibTorch attaches a view function, and it never creates autograd views of
// inference tensors.
bool CanBeMadeByHand(const at::Tensor& base, const MetaTensorDesc& desc) {
  const at::TensorImpl& impl = *base.unsafeGetTensorImpl();
  return desc.is_leaf && base.is_meta() && base.scalar_type() == desc.dtype && typeid(impl) == typeid(at::TensorImpl) &&
         impl.support_as_strided() && !base.is_inference() && !impl.is_fake() && !c10::InferenceMode::is_enabled() &&
         !c10::AutogradState::get_tls_state().get_view_replay_enabled();
}

at::Tensor ViewByHand(const at::Tensor& base, const MetaTensorDesc& desc) {
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(c10::TensorImpl::VIEW, c10::Storage(base.storage()),
                                                               base.key_set(), base.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(desc.size, *desc.stride, desc.storage_offset);
  return ManualView(base, tensor, desc);
}

// Replays the operators that made the source view. For wrapper types, for which as_strided does not work.
absl::StatusOr<at::Tensor> ReplayedView(Conversion& conversion, const at::Tensor& base, const MetaTensorDesc& desc) {
  if (base.is_nested() && !desc.base->wrapper().is_traceable_wrapper_subclass) {
    return Malformed(desc, "base", "a tensor with sizes for a view of a wrapper type", "a nested tensor");
  }
  // If the view is not a leaf, its base is set to require grad, which other dtypes do not allow.
  if (desc.requires_grad && !torch::autograd::isDifferentiableType(desc.base->dtype)) {
    return Malformed(desc, "base.dtype", "a floating point or complex dtype for a view that requires a gradient",
                     PythonRepr(desc.base->dtype));
  }
  absl::Status status;
  const auto replay = [&](const at::Tensor& from, const MetaTensorDesc&) {
    absl::StatusOr<at::Tensor> view = ViewFuncOf(desc)->Apply(
        desc, from, {}, [&](const CapturedTensor& captured) { return conversion.Convert(*captured.desc); });
    status.Update(view.status());
    return view.ok() ? *std::move(view) : from.detach();
  };
  const auto as_it_is = [](const at::Tensor& tensor, const MetaTensorDesc&) { return tensor; };
  const at::Tensor view = ViewOf(base, desc, {.prepare = as_it_is, .make = replay});
  if (!status.ok()) return status;
  return view;
}

// Note [Views on a different storage than their base]
// Assigning to `.data` moves a view to another storage and does not change its base. The reference nevertheless creates
// a view of the base's storage. We place the view on the storage that its record names.
bool IsElsewhere(const MetaTensorDesc& desc) {
  return desc.base->storage.has_value() && desc.base->storage->id != desc.storage->id;
}

// LibTorch ships the operators of some devices in separate libraries, which may not be linked.
bool HasOperators(const at::Tensor& tensor) {
  if (tensor.unsafeGetTensorImpl()->is_fake()) return false;
  if (tensor.is_cpu() || tensor.is_meta()) return true;
  const std::optional<c10::OperatorHandle> as_strided = FindOperator("aten::as_strided");
  const c10::DispatchKey key = c10::highestPriorityBackendTypeId(tensor.key_set());
  return as_strided.has_value() && as_strided->hasKernelForDispatchKey(key);
}

// Whether the storage of the view was resized to 0 bytes. LibTorch's operators reject views beyond the end of a storage
// unless the storage is on the meta device.
bool IsOutOfMemory(const at::Tensor& base, const MetaTensorDesc& desc) {
  return !base.is_meta() && desc.storage->size.maybe_as_int() == 0;
}

// Whether as_strided can create the view. It cannot for tensors without a storage (sparse compressed ones), for nested
// tensors, and for views whose dtype is neither the base's nor its complex or real counterpart.
bool IsMadeByOperator(const at::Tensor& base, const MetaTensorDesc& desc) {
  const c10::ScalarType from = base.scalar_type();
  const bool same_kind = from == desc.dtype || IsComplexOfReal(from, desc.dtype) || IsComplexOfReal(desc.dtype, from);
  return same_kind && !IsElsewhere(desc) && base.has_storage() && !base.is_nested() && HasOperators(base) &&
         !IsOutOfMemory(base, desc);
}

// Creates a tensor on the storage that the record names and registers it as a view of `base`.
absl::StatusOr<at::Tensor> PlacedView(Conversion& conversion, const at::Tensor& base, const MetaTensorDesc& desc) {
  absl::StatusOr<at::Tensor> tensor = conversion.AllocateStrided(desc);
  if (!tensor.ok()) return tensor;
  if (absl::Status status = conversion.PutOnStorage(desc, *tensor); !status.ok()) return status;
  return ManualView(base, *tensor, desc);
}

absl::StatusOr<at::Tensor> MakeView(Conversion& conversion, const at::Tensor& base, const MetaTensorDesc& desc) {
  if (desc.wrapper().is_traceable_wrapper_subclass || desc.base->wrapper().is_traceable_wrapper_subclass) {
    return ReplayedView(conversion, base, desc);
  }
  if (!IsMadeByOperator(base, desc)) return PlacedView(conversion, base, desc);
  if (!base.is_meta()) {
    if (absl::Status status = CheckWithinStorage(desc, base.storage().sym_nbytes()); !status.ok()) return status;
  }
  return CanBeMadeByHand(base, desc) ? ViewByHand(base, desc) : StridedView(base, desc);
}

absl::Status Check(const MetaTensorDesc& desc) {
  if (!desc.wrapper().is_traceable_wrapper_subclass) {
    if (absl::Status status = CheckStridedRecord(desc); !status.ok()) return status;
  }
  return CheckViewRecord(desc);
}

}  // namespace

absl::StatusOr<at::Tensor> BuildView(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  const absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
  if (!base.ok()) return base;
  absl::StatusOr<at::Tensor> view = MakeView(conversion, *base, desc);
  if (!view.ok()) return view;
  torch::autograd::DifferentiableViewMeta* meta = torch::autograd::impl::get_view_autograd_meta(*view);
  if (meta == nullptr) {
    return Malformed(desc, desc.extras->view_func == nullptr ? "base" : "view_func", "an operation that returns a view",
                     "one that does not");
  }
  meta->set_creation_meta(static_cast<torch::autograd::CreationMeta>(*desc.creation_meta));
  return view;
}

}  // namespace metaconv
