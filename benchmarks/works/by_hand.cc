#include "benchmarks/works/by_hand.h"

#include <cstdlib>

#include "ATen/core/Tensor.h"
#include "ATen/ops/_sparse_coo_tensor_with_dims.h"
#include "ATen/ops/_sparse_csr_tensor_unsafe.h"
#include "ATen/ops/empty_strided.h"

namespace metaconv {
namespace {

at::Tensor Dense(const at::Tensor& tensor) {
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta));
}

at::Tensor Parameter(const at::Tensor& tensor) {
  at::Tensor made = Dense(tensor);
  made.set_requires_grad(true);
  if (const at::Tensor& grad = tensor.grad(); grad.defined()) made.mutable_grad() = Dense(grad);
  return made;
}

at::Tensor SparseCoo(const at::Tensor& tensor) {
  return at::_sparse_coo_tensor_with_dims(tensor.sparse_dim(), tensor.dense_dim(), tensor.sizes(),
                                          tensor.options().device(at::kMeta));
}

at::Tensor SparseCsr(const at::Tensor& tensor) {
  return at::_sparse_csr_tensor_unsafe(Dense(tensor.crow_indices()), Dense(tensor.col_indices()),
                                       Dense(tensor.values()), tensor.sizes(), tensor.options().device(at::kMeta));
}

}  // namespace

ByHand::ByHand(const std::vector<at::Tensor>& tensors) : tensors_(tensors) {
  how_.reserve(tensors.size());
  bases_.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) {
    how_.push_back(HowToMake(tensor));
    const bool has_base = how_.back() == How::kStridedView || how_.back() == How::kConjugate;
    const at::Tensor base = has_base ? at::Tensor(tensor._base()) : at::Tensor();
    bases_.push_back(has_base && !base.is_meta() ? Dense(base) : base);
  }
}

at::Tensor ByHand::Make(std::size_t index) const {
  const at::Tensor& tensor = tensors_[index];
  switch (how_[index]) {
    case How::kDense:
      return Dense(tensor);
    case How::kParameter:
      return Parameter(tensor);
    case How::kStridedView:
      return bases_[index].as_strided(tensor.sizes(), tensor.strides(), tensor.storage_offset());
    case How::kConjugate:
      return bases_[index].conj();
    case How::kSparseCoo:
      return SparseCoo(tensor);
    case How::kSparseCsr:
      return SparseCsr(tensor);
  }
  std::abort();
}

ByHand::How ByHand::HowToMake(const at::Tensor& tensor) {
  if (tensor.layout() == at::kSparse) return How::kSparseCoo;
  if (tensor.layout() == at::kSparseCsr) return How::kSparseCsr;
  if (tensor.is_view()) return tensor.is_conj() ? How::kConjugate : How::kStridedView;
  return tensor.requires_grad() ? How::kParameter : How::kDense;
}

}  // namespace metaconv
