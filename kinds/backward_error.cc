#include "kinds/backward_error.h"

#include "c10/util/intrusive_ptr.h"
#include "torch/csrc/autograd/function.h"
#include "torch/csrc/autograd/functions/basic_ops.h"
#include "torch/csrc/autograd/functions/utils.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {

// The reference passes a leaf through an operator whose backward node is this same node, which creates a second tensor.
// We set the node on the new tensor itself, which also works for kinds without operators.
void BackwardError(const at::Tensor& tensor) {
  const auto node = c10::make_intrusive<torch::autograd::Error>(
      "backward() reached a converted tensor: its source was "
      "not a leaf, and autograd history is not converted");
  if (!tensor.is_nested()) return torch::autograd::set_history(tensor, node);
  // The node must not store metadata of a nested tensor: autograd cannot compare it with a gradient on the meta device.
  torch::autograd::impl::set_gradient_edge(tensor,
                                           {node, node->add_input_metadata(torch::autograd::Node::undefined_input())});
}

}  // namespace metaconv
