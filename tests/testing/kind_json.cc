#include "tests/testing/kind_json.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseCsrTensorUtils.h"
#include "ATen/SparseTensorImpl.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/TensorWrapper.h"
#include "kinds/functorch.h"
#include "meta/python_repr.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

// The level of a functional tensor outside of functorch.
constexpr std::int64_t kNoLevel = -1;

// In Python, the sparse properties of a wrapper are those of the tensor that it wraps.
at::Tensor WithoutWrappers(at::Tensor tensor) {
  while (true) {
    if (const auto* wrapper = at::functorch::maybeGetTensorWrapper(tensor)) {
      tensor = at::Tensor(wrapper->value());
    } else if (at::functionalization::impl::isFunctionalTensor(tensor)) {
      tensor = at::Tensor(at::functionalization::impl::unsafeGetFunctionalWrapper(tensor)->value());
    } else {
      return tensor;
    }
  }
}

Json CooJson(const at::SparseTensorImpl& impl) {
  return {{"sparse_dim", impl.sparse_dim()},
          {"dense_dim", impl.dense_dim()},
          {"nnz", impl.nnz()},
          {"is_coalesced", impl.coalesced()}};
}

Json CompressedJson(at::SparseCsrTensorImpl& impl) {
  Json json = {{"sparse_dim", impl.sparse_dim()},
               {"dense_dim", impl.dense_dim()},
               {"nnz", impl.nnz()},
               {"index_dtype", PythonRepr(impl.compressed_indices().scalar_type())}};
  const at::Layout layout = impl.layout();
  if (layout == at::kSparseBsr || layout == at::kSparseBsc) {
    const auto block = static_cast<std::size_t>(impl.batch_dim()) + 1;
    json["blocksize"] = impl.values().sizes().slice(block, 2).vec();
  }
  return json;
}

}  // namespace

bool IsSparse(const at::Tensor& tensor) {
  return tensor.layout() == at::kSparse || at::sparse_csr::is_sparse_compressed(tensor.layout());
}

Json SparseJson(const at::Tensor& tensor) {
  if (!IsSparse(tensor)) return nullptr;
  const at::Tensor sparse = WithoutWrappers(tensor);
  // It has the dispatch keys of the wrapped sparse tensor, but none of its other properties.
  if (at::functorch::isBatchedTensor(sparse)) return nullptr;
  at::TensorImpl* const impl = sparse.unsafeGetTensorImpl();
  if (sparse.layout() == at::kSparse) return CooJson(*static_cast<at::SparseTensorImpl*>(impl));
  return CompressedJson(*static_cast<at::SparseCsrTensorImpl*>(impl));
}

Json FunctorchJson(const at::Tensor& tensor, AddTensor add) {
  if (const auto* batched = at::functorch::maybeGetBatchedImpl(tensor)) {
    return {{"level", batched->level()},
            {"kind", "batched"},
            {"bdim", batched->bdim()},
            {"unwrapped", add(batched->value())}};
  }
  if (const auto* wrapper = at::functorch::maybeGetTensorWrapper(tensor)) {
    return {{"level", wrapper->level().value_or(kDeadLevel)}, {"kind", "grad"}, {"unwrapped", add(wrapper->value())}};
  }
  if (!at::functionalization::impl::isFunctionalTensor(tensor)) return nullptr;
  const auto* functional = at::functionalization::impl::unsafeGetFunctionalWrapper(tensor);
  if (functional->level() == kNoLevel) return nullptr;
  return {{"level", functional->level()}, {"kind", "functional"}, {"unwrapped", add(functional->value())}};
}

Json FunctionalJson(const at::Tensor& tensor, AddTensor add) {
  if (!at::functionalization::impl::isFunctionalTensor(tensor)) return nullptr;
  const auto* functional = at::functionalization::impl::unsafeGetFunctionalWrapper(tensor);
  if (functional->level() != kNoLevel) return nullptr;
  return {{"unwrapped", add(functional->value())}};
}

// There are no wrapper types yet.
Json WrapperAttrs(const at::Tensor& tensor, AddTensor add) {
  if (!IsTwoTensor(tensor)) return nullptr;
  const TwoTensorParts parts = PartsOf(tensor);
  Json json = {{"a", add(parts.a)}};
  json["b"] = add(parts.b);
  return json;
}

}  // namespace metaconv
