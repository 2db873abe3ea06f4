#include "kinds/backward_error.h"

#include "c10/util/intrusive_ptr.h"
#include "torch/csrc/autograd/function.h"
#include "torch/csrc/autograd/functions/basic_ops.h"
#include "torch/csrc/autograd/functions/utils.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {

// The reference passes a leaf through an operator that ends in this same node, which makes a second tensor. Giving the
// fresh one the node works for every kind, those without operators included.
void BackwardError(const at::Tensor& tensor) {
  const auto node = c10::make_intrusive<torch::autograd::Error>(
      "backward() reached a converted tensor: it stands for one that was "
      "not a leaf, and has no history to go back through");
  if (!tensor.is_nested()) return torch::autograd::set_history(tensor, node);
  // What the node would note of a nested tensor, no gradient of the meta device can be compared with.
  torch::autograd::impl::set_gradient_edge(tensor,
                                           {node, node->add_input_metadata(torch::autograd::Node::undefined_input())});
}

}  // namespace metaconv
