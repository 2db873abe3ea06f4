#include "kinds/torch_view_func.h"

#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "c10/util/Type.h"
#include "kinds/record_operators.h"
#include "meta/torch_status.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

c10::SymInt Visit(const ViewFunc::SymIntVisitor& visitor, const c10::SymInt& value) {
  return visitor ? visitor(value) : value;
}

SymSizes Visit(const ViewFunc::SymIntVisitor& visitor, const SymSizes& values) {
  SymSizes visited;
  for (const c10::SymInt& value : values) visited.push_back(Visit(visitor, value));
  return visited;
}

// A view that size, stride and storage offset of its record define.
class AsStrided final : public ViewFunc {
 public:
  std::string Name() const override { return "as_strided"; }

  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor, const TensorVisitor&) const override {
    if (!view.stride.has_value()) {
      return absl::InvalidArgumentError("as_strided: expected a record with strides, found none");
    }
    return CatchTorch("as_strided", [&] {
      return new_base.as_strided_symint(Visit(symint_visitor, view.size), Visit(symint_visitor, *view.stride),
                                        Visit(symint_visitor, view.storage_offset));
    });
  }
};

// A view function that is not a chain of operator calls, such as a custom one. Holds LibTorch's function object.
class ByHand final : public ViewFunc {
 public:
  explicit ByHand(std::unique_ptr<const torch::autograd::ViewFunc> func) : func_(std::move(func)) {}

  std::string Name() const override { return c10::demangle(typeid(*func_).name()); }

  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc&, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor, const TensorVisitor&) const override {
    return CatchTorch("replaying a view", [&] {
      std::optional<std::vector<c10::SymInt>> symints;
      if (symint_visitor) {
        symints = func_->get_symints();
        for (c10::SymInt& value : *symints) value = symint_visitor(value);
      }
      return (*func_->clone_and_set(std::move(symints)))(new_base);
    });
  }

 private:
  const std::unique_ptr<const torch::autograd::ViewFunc> func_;
};

}  // namespace

// Note [View functions by name]
// LibTorch keeps a function object for each view, of a different type for each operator. It can be called, but has no
// name and cannot be serialized. We call it once on its original base and record the operators that it calls, with
// their arguments: the record holds these calls, which any process can replay.
absl::StatusOr<std::shared_ptr<const ViewFunc>> TorchViewFunc(const at::Tensor& tensor, DescribeCaptured describe) {
  const torch::autograd::DifferentiableViewMeta* meta = torch::autograd::impl::get_view_autograd_meta(tensor);
  if (meta == nullptr || !meta->has_bw_view()) return nullptr;
  const torch::autograd::ViewInfo& info = meta->get_backward_view();
  if (!info.has_view_fn()) return nullptr;
  const std::optional<std::vector<OperatorCall>> calls =
      RecordOperators(info.base_, [&](const at::Tensor& base) { return info.view_fn()(base); });
  if (!calls.has_value()) return std::make_shared<const ByHand>(info.view_fn().clone_and_set());
  return OperatorViewFunc::Create(*calls, describe);
}

std::shared_ptr<const ViewFunc> ViewFuncOf(const MetaTensorDesc& desc) {
  static const auto& as_strided = *new std::shared_ptr<const ViewFunc>(std::make_shared<const AsStrided>());
  if (desc.extras->view_func != nullptr) return desc.extras->view_func;
  return desc.is_view ? as_strided : nullptr;
}

}  // namespace metaconv
