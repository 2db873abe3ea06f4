#include "converter/backward_error.h"

#include <memory>

#include "ATen/core/grad_mode.h"
#include "torch/csrc/autograd/functions/basic_ops.h"

namespace metaconv {

at::Tensor BackwardError(const at::Tensor& leaf) {
  const c10::AutoGradMode enabled(true);
  const auto delayed = std::make_shared<torch::autograd::DelayedError>(
      "backward() reached a converted tensor: it stands for one that was not a leaf, and has no history to go back "
      "through",
      /*num_inputs=*/1);
  return (*delayed)({leaf}).front();
}

}  // namespace metaconv
