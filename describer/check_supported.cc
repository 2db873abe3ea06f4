#include "describer/check_supported.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "describer/view_base.h"
#include "kinds/kind.h"
#include "meta/safe_autograd.h"

namespace metaconv {
namespace {

class SupportCheck {
 public:
  explicit SupportCheck(int max_depth) : max_depth_(max_depth) {}

  absl::Status Check(const at::Tensor& tensor) { return Height(tensor, 0).status(); }

 private:
  struct Checked {
    at::Tensor tensor;  // Keeps the address from being reused.
    int height;
  };

  absl::Status TooDeep() const;
  // The number of levels of tensors below `tensor`, which is at level `depth`.
  absl::StatusOr<int> Height(const at::Tensor& tensor, int depth);
  absl::StatusOr<int> HeightOfParts(const TensorKind& kind, const at::Tensor& tensor, int depth);

  // The tensors already checked. Tensors form a graph: without this table, tensors that are shared at every level would
  // be checked an exponential number of times.
  absl::flat_hash_map<const at::TensorImpl*, Checked> checked_;
  const int max_depth_;
};

absl::Status SupportCheck::TooDeep() const {
  return absl::InvalidArgumentError(absl::StrCat("expected gradients and bases nested at most ", max_depth_,
                                                 " deep, found more: does a gradient lead back to its tensor?"));
}

absl::StatusOr<int> SupportCheck::Height(const at::Tensor& tensor, int depth) {
  if (!tensor.defined()) return absl::InvalidArgumentError("expected a tensor, found an undefined one");
  if (depth > max_depth_) return TooDeep();
  const at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  if (const auto found = checked_.find(impl); found != checked_.end()) {
    if (depth + found->second.height > max_depth_) return TooDeep();
    return found->second.height;
  }
  const TensorKind& kind = KindOf(tensor);
  if (!kind.is_supported() || (kind.only_nested && depth == 0)) {
    return absl::UnimplementedError(absl::StrCat("tensors of kind '", kind.name, "' are not supported"));
  }
  const absl::StatusOr<int> height = HeightOfParts(kind, tensor, depth);
  // Checking a tensor with one level below it again takes no longer than a look-up.
  if (height.ok() && *height > 1 && depth > 0) checked_.try_emplace(impl, Checked{tensor, *height});
  return height;
}

absl::StatusOr<int> SupportCheck::HeightOfParts(const TensorKind& kind, const at::Tensor& tensor, int depth) {
  int height = 0;
  const auto check = [&](const at::Tensor& part) {
    const absl::StatusOr<int> below = Height(part, depth + 1);
    if (below.ok()) height = std::max(height, *below + 1);
    return below.status();
  };
  if (kind.inner != nullptr) {
    const absl::StatusOr<std::vector<at::Tensor>> inner = kind.inner(tensor);
    if (!inner.ok()) return inner.status();
    for (const at::Tensor& part : *inner) {
      if (absl::Status status = check(part); !status.ok()) return status;
    }
  }
  if (tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr) return height;
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) {
    if (absl::Status status = check(grad); !status.ok()) return status;
  }
  if (tensor.is_view()) {
    if (absl::Status status = check(BaseOf(tensor)); !status.ok()) return status;
  }
  return height;
}

}  // namespace

absl::Status internal::CheckGraphSupported(const at::Tensor& tensor, int max_depth) {
  return SupportCheck(max_depth).Check(tensor);
}

}  // namespace metaconv
