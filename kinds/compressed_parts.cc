#include "kinds/compressed_parts.h"

#include <utility>

#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseCsrTensorUtils.h"
#include "ATen/ops/alias.h"
#include "absl/status/statusor.h"
#include "c10/core/AutogradState.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/GradMode.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "kinds/functorch_stack.h"
#include "kinds/new_sparse.h"
#include "kinds/plain_sparse.h"
#include "kinds/plain_tensor.h"
#include "kinds/sparse_parts.h"

namespace metaconv {
namespace {

// The operators that return the parts would wrap them if a functorch transform is active, so the stack is cleared.
// Native fake tensors have no operators, so their parts are read from the TensorImpl.
CompressedParts PartsOf(const at::Tensor& tensor) {
  const FunctorchScope no_functorch;
  if (tensor.unsafeGetTensorImpl()->is_fake()) {
    const at::SparseCsrTensorImpl& impl = *at::sparse_csr::get_sparse_csr_impl(tensor);
    return {at::alias(impl.compressed_indices()), at::alias(impl.plain_indices()), at::alias(impl.values())};
  }
  const bool by_row = tensor.layout() == c10::Layout::SparseCsr || tensor.layout() == c10::Layout::SparseBsr;
  if (by_row) return {tensor.crow_indices(), tensor.col_indices(), tensor.values()};
  return {tensor.ccol_indices(), tensor.row_indices(), tensor.values()};
}

// Whether the thread calls operators as a new thread does: no transform, mode or guard changes what they do.
bool HasPlainDispatch() {
  const c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
  return keys.included_ == c10::default_included_set && keys.excluded_ == c10::default_excluded_set &&
         !c10::InferenceMode::is_enabled() && !c10::AutogradState::get_tls_state().get_view_replay_enabled();
}

bool IsInferenceOrFake(const at::Tensor& tensor) {
  return tensor.is_inference() || tensor.unsafeGetTensorImpl()->is_fake();
}

bool IsPlainPart(const at::Tensor& part) { return IsPlainTensor(part) && !IsInferenceOrFake(part); }

// Note [Parts without operators]
// The operators that return the parts create an alias of each member tensor, a new one for each call. So does the
// reference, which is why the parts get new ids each time that a tensor is described. An alias differs from the member
// in its autograd state only: at::values returns a differentiable view of the sparse tensor, and the indices have no
// autograd state. If nothing changes what the operators do, which is the common case, the records of the aliases are
// made from the members.
bool CanOmitOperators(const Description& description, const at::Tensor& tensor) {
  if (description.keeps_data() || !HasPlainDispatch()) return false;
  if (!IsPlainSparseCompressed(tensor) || IsInferenceOrFake(tensor)) return false;
  const at::SparseCsrTensorImpl& impl = *at::sparse_csr::get_sparse_csr_impl(tensor);
  return IsPlainPart(impl.compressed_indices()) && IsPlainPart(impl.plain_indices()) && IsPlainPart(impl.values());
}

void MakeView(MetaTensorDesc& values) {
  values.is_view = true;
  values.creation_meta = c10::GradMode::is_enabled() ? CreationMeta::kDefault : CreationMeta::kNoGradMode;
}

// Describes an alias of `member`, which need not exist.
template <typename Complete>
absl::Status DescribeAlias(Description& description, const at::Tensor& member, const Complete& complete,
                           MetaTensorDescPtr& field) {
  absl::StatusOr<MetaTensorDescPtr> described = description.DescribeNew(member, complete);
  if (described.ok()) field = *std::move(described);
  return described.status();
}

}  // namespace

absl::Status DescribeCompressedParts(Description& description, const at::Tensor& tensor,
                                     MetaTensorDescPtr& compressed_indices, MetaTensorDescPtr& plain_indices,
                                     MetaTensorDescPtr& values) {
  if (!CanOmitOperators(description, tensor)) {
    const CompressedParts parts = PartsOf(tensor);
    absl::Status status = DescribePart(description, parts.compressed_indices, compressed_indices);
    if (status.ok()) status = DescribePart(description, parts.plain_indices, plain_indices);
    return status.ok() ? DescribePart(description, parts.values, values) : status;
  }
  const auto keep = [](MetaTensorDesc&) {};
  const at::SparseCsrTensorImpl& impl = *at::sparse_csr::get_sparse_csr_impl(tensor);
  absl::Status status = DescribeAlias(description, impl.compressed_indices(), keep, compressed_indices);
  if (status.ok()) status = DescribeAlias(description, impl.plain_indices(), keep, plain_indices);
  return status.ok() ? DescribeAlias(description, impl.values(), MakeView, values) : status;
}

}  // namespace metaconv
