#include "describer/known_ids.h"

#include "describer/view_base.h"
#include "kinds/plain_tensor.h"
#include "meta/safe_autograd.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

// Far enough ahead for main memory, near enough for the fastest cache.
constexpr std::size_t kPrefetchTensor = 16;
constexpr std::size_t kPrefetchStorage = 8;

// The parts of a TensorImpl that describing reads.
void Prefetch(const at::TensorImpl* impl) {
  const char* const begin = reinterpret_cast<const char*>(impl);
  for (std::size_t offset = 0; offset < sizeof(at::TensorImpl); offset += 64) __builtin_prefetch(begin + offset);
}

// The view's record needs no function that could lead to more tensors.
bool IsGivenByStrides(const at::Tensor& view) {
  return !torch::autograd::impl::get_view_autograd_meta(view)->get_backward_view().has_view_fn();
}

// Whether describing the gradient or base identifies its storage and itself only.
bool IsAlone(const at::Tensor& tensor) {
  return IsPlainTensor(tensor) && !SafeGrad(tensor).defined() && !tensor.is_view();
}

}  // namespace

bool KnownIds::Add(const at::Tensor& tensor) {
  if (tensor_count_ == kMostTensors || !IsPlainTensor(tensor)) return false;
  if (tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr) {
    AddObjects(tensor);
    ++tensor_count_;
    return true;
  }
  const at::Tensor& grad = SafeGrad(tensor);
  const bool is_view = tensor.is_view();
  if (grad.defined() && !IsAlone(grad)) return false;
  if (is_view && !(IsAlone(BaseOf(tensor)) && IsGivenByStrides(tensor))) return false;
  AddObjects(tensor);
  if (grad.defined()) AddObjects(grad);
  if (is_view) AddObjects(BaseOf(tensor));
  ++tensor_count_;
  return true;
}

std::size_t KnownIds::AddLeading(absl::Span<const at::Tensor> tensors) {
  std::size_t count = 0;
  for (; count < tensors.size(); ++count) {
    if (count + kPrefetchTensor < tensors.size()) Prefetch(tensors[count + kPrefetchTensor].unsafeGetTensorImpl());
    if (count + kPrefetchStorage < tensors.size()) {
      __builtin_prefetch(
          tensors[count + kPrefetchStorage].unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl());
    }
    if (!Add(tensors[count])) break;
  }
  return count;
}

void KnownIds::Clear() {
  tensor_count_ = 0;
  tensors_.clear();
  storages_.clear();
  next_tensor_ = 0;
  next_storage_ = 0;
}

void KnownIds::AddObjects(const at::Tensor& tensor) {
  at::TensorImpl* const impl = tensor.unsafeGetTensorImpl();
  storages_.push_back({impl->unsafe_storage().unsafeGetStorageImpl()});
  tensors_.push_back({impl});
}

}  // namespace metaconv
