// RandomGraph: tensors of many kinds that refer to each other, for tests that compare many tensors at once with one after
// another.
//
// Example:
//   RandomGraph graph(seed);
//   graph.Grow(100);
//   describer.DescribeTensors(graph.Some(1000));
//
// Thread safety: for one thread.
// Lifetime: keeps its tensors alive.

#ifndef METACONV_TESTS_TESTING_RANDOM_GRAPH_H_
#define METACONV_TESTS_TESTING_RANDOM_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {

class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed) {}

  // Mostly simple tensors, which refer to earlier ones, with a few of all other kinds in between.
  const std::vector<at::Tensor>& Grow(int count) {
    for (int i = 0; i < count; ++i) tensors_.push_back(Below(4) > 0 ? Simple() : Other());
    return tensors_;
  }

  std::size_t Below(std::size_t end) { return random_() % end; }

  // Some of the tensors, more than once or not at all; some of them in order.
  std::vector<at::Tensor> Some(std::size_t count) {
    std::vector<at::Tensor> some;
    std::size_t next = 0;
    for (std::size_t i = 0; i < count; ++i) {
      next = Below(5) == 0 ? Below(tensors_.size()) : (next + 1) % tensors_.size();
      some.push_back(tensors_[next]);
    }
    return some;
  }

 private:
  at::Tensor Dense() { return at::empty({static_cast<std::int64_t>(Below(4)), 6}); }

  // A random earlier tensor that is dense, or a new one.
  at::Tensor Earlier() {
    if (tensors_.empty()) return Dense();
    const at::Tensor& tensor = tensors_[Below(tensors_.size())];
    const bool fits = tensor.defined() && tensor.layout() == at::kStrided && tensor.dim() == 2 &&
                      !IsTwoTensor(tensor) && tensor.scalar_type() == at::kFloat;
    return fits ? tensor : Dense();
  }

  at::Tensor Simple() {
    switch (Below(5)) {
      case 0:
        return Dense();
      case 1: {
        at::Tensor parameter = Dense().set_requires_grad(true);
        if (Below(2) == 0) parameter.mutable_grad() = at::empty_like(parameter.detach());
        return parameter;
      }
      case 2:
        return Earlier().detach();
      case 3: {
        const at::NoGradGuard no_grad;
        return Earlier().t();
      }
      default: {
        at::Tensor view = Dense().t();
        if (Below(2) == 0) view.mutable_grad() = at::empty_like(view);
        return view;
      }
    }
  }

  at::Tensor Other() {
    switch (Below(11)) {
      case 0:
        return at::Tensor();
      case 1:
        return at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
      case 2:
        return at::eye(2).to_sparse();
      case 3:
        return at::eye(3).to_sparse_csr();
      case 4:
        return TwoTensor(at::ones({2, 6}), at::zeros({2, 6}));
      case 5:
        return at::view_as_real(at::empty({2}, at::kComplexFloat));
      case 6:
        return at::empty({0}).set_(Earlier().storage(), 0, {1}, {1});
      case 7: {  // A gradient of a gradient.
        at::Tensor tensor = Dense();
        tensor.mutable_grad() = at::empty_like(tensor);
        tensor.mutable_grad().mutable_grad() = at::empty_like(tensor);
        return tensor;
      }
      case 8: {  // A base with a gradient.
        at::Tensor base = Dense();
        base.mutable_grad() = at::empty_like(base);
        return base.t();
      }
      case 9: {  // The gradient is another tensor of the graph.
        at::Tensor tensor = Earlier().detach().clone();
        const at::Tensor grad = Earlier();
        if (grad.sizes() == tensor.sizes() && !grad.grad().defined()) tensor.mutable_grad() = grad.detach();
        return tensor;
      }
      default:
        return Dense().set_requires_grad(true).t();
    }
  }

  std::mt19937 random_;
  std::vector<at::Tensor> tensors_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RANDOM_GRAPH_H_
