#include "describer/torch_view_func.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "c10/util/Type.h"
#include "meta/meta_tensor_desc.h"
#include "meta/torch_status.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

c10::SymInt Visit(const ViewFunc::SymIntVisitor& visitor, const c10::SymInt& value) {
  return visitor ? visitor(value) : value;
}

c10::SymDimVector Visit(const ViewFunc::SymIntVisitor& visitor, const c10::SymDimVector& values) {
  c10::SymDimVector visited;
  for (const c10::SymInt& value : values) visited.push_back(Visit(visitor, value));
  return visited;
}

// A view that needs nothing but the size, stride and offset which its record has anyway.
class AsStrided final : public ViewFunc {
 public:
  std::string Name() const override { return "as_strided"; }

  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor, const TensorVisitor&) const override {
    if (!view.stride.has_value()) {
      return absl::InvalidArgumentError("as_strided: expected a record with strides, found one without");
    }
    return CatchTorch("as_strided", [&] {
      return new_base.as_strided_symint(Visit(symint_visitor, view.size), Visit(symint_visitor, *view.stride),
                                        Visit(symint_visitor, view.storage_offset));
    });
  }
};

// One of LibTorch's typed view functions, with the state it captured.
class Typed final : public ViewFunc {
 public:
  explicit Typed(std::unique_ptr<const torch::autograd::ViewFunc> func) : func_(std::move(func)) {}

  std::string Name() const override {
    const std::string name = c10::demangle(typeid(*func_).name());
    const std::size_t colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
  }

  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc&, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor,
                                   const TensorVisitor& tensor_visitor) const override {
    return CatchTorch("replaying a view", [&] {
      std::optional<std::vector<c10::SymInt>> symints;
      if (symint_visitor) {
        symints = func_->get_symints();
        for (c10::SymInt& value : *symints) value = symint_visitor(value);
      }
      std::optional<std::vector<at::Tensor>> tensors;
      if (tensor_visitor) {
        tensors = func_->get_tensors();
        for (at::Tensor& tensor : *tensors) {
          if (tensor.defined()) tensor = tensor_visitor(tensor);
        }
      }
      return (*func_->clone_and_set(std::move(symints), std::move(tensors)))(new_base);
    });
  }

 private:
  const std::unique_ptr<const torch::autograd::ViewFunc> func_;
};

}  // namespace

std::shared_ptr<const ViewFunc> TorchViewFunc(const at::Tensor& tensor) {
  const torch::autograd::DifferentiableViewMeta* meta = torch::autograd::impl::get_view_autograd_meta(tensor);
  if (meta == nullptr || !meta->has_bw_view()) return nullptr;
  const torch::autograd::ViewInfo& info = meta->get_backward_view();
  if (info.has_view_fn()) return std::make_shared<const Typed>(info.view_fn().clone_and_set());
  static const auto& as_strided = *new std::shared_ptr<const ViewFunc>(std::make_shared<const AsStrided>());
  return as_strided;
}

}  // namespace metaconv
