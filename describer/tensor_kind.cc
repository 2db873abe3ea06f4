#include "describer/tensor_kind.h"

#include <iterator>

#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

template <c10::DispatchKey key>
bool HasKey(const at::Tensor& tensor) {
  return tensor.key_set().has(key);
}

bool IsFunctorchWrapper(const at::Tensor& tensor) {
  return tensor.key_set().has(c10::DispatchKey::FuncTorchBatched) ||
         tensor.key_set().has(c10::DispatchKey::FuncTorchGradWrapper);
}

bool IsLazy(const at::Tensor& tensor) { return tensor.device().type() == c10::DeviceType::Lazy; }

bool IsSparseView(const at::Tensor& tensor) { return tensor.is_view() && tensor._base().is_sparse(); }

// The order matters where several match: what the reference turns away comes first, wrappers before what they wrap.
constexpr TensorKind kKinds[] = {
    {"lazy", IsLazy, false},
    {"quantized", [](const at::Tensor& tensor) { return tensor.is_quantized(); }, false},
    {"view of a sparse tensor", IsSparseView, false},
    {"legacy batched", HasKey<c10::DispatchKey::Batched>, false},
    {"functorch wrapper", IsFunctorchWrapper, false},
    {"functional wrapper", HasKey<c10::DispatchKey::Functionalize>, false},
    {"Python subclass", HasKey<c10::DispatchKey::Python>, false},
    {"sparse COO", [](const at::Tensor& tensor) { return IsSparseCoo(tensor.layout()); }, false},
    {"sparse compressed", [](const at::Tensor& tensor) { return IsSparseCompressedLayout(tensor.layout()); }, false},
    {"mkldnn", [](const at::Tensor& tensor) { return tensor.is_mkldnn(); }, false},
    {"nested", [](const at::Tensor& tensor) { return tensor.is_nested(); }, false},
    {"opaque (without a storage)", [](const at::Tensor& tensor) { return !tensor.has_storage(); }, false},
    {"dense", [](const at::Tensor&) { return true; }, true},
};
constexpr const TensorKind& kDense = kKinds[std::size(kKinds) - 1];

// One test in place of the whole table for most tensors: none but a dense one has only these keys, and one that
// autograd does not know is no view.
bool IsPlainlyDense(const at::Tensor& tensor) {
  constexpr c10::DispatchKeySet kPlain =
      c10::autograd_dispatch_keyset_with_ADInplaceOrView |
      c10::DispatchKeySet({c10::DispatchKey::CPU, c10::DispatchKey::CUDA, c10::DispatchKey::Meta});
  // By bits, since the difference of two key sets keeps the backends.
  return (tensor.key_set().raw_repr() & ~kPlain.raw_repr()) == 0 && tensor.has_storage() &&
         tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr;
}

}  // namespace

const TensorKind& KindOf(const at::Tensor& tensor) {
  if (IsPlainlyDense(tensor)) return kDense;
  for (const TensorKind& kind : kKinds) {
    if (kind.matches(tensor)) return kind;
  }
  return kDense;
}

}  // namespace metaconv
