#include "benchmarks/graphs/training.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"

namespace metaconv {
namespace {

at::Tensor Parameter(at::IntArrayRef size) {
  const at::TensorOptions options = at::device(at::kMeta).dtype(at::kBFloat16);
  at::Tensor parameter = at::empty(size, options).requires_grad_(true);
  parameter.mutable_grad() = at::empty(size, options);
  return parameter;
}

// Appends `parameter` and the tensors that training adds to it.
void Add(const at::Tensor& parameter, std::vector<at::Tensor>& tensors) {
  tensors.push_back(parameter);
  tensors.push_back(parameter.grad());
  for (int moment = 0; moment < 2; ++moment) {
    tensors.push_back(at::empty(parameter.sizes(), at::device(at::kMeta).dtype(at::kFloat)));
  }
}

void AddLayer(std::int64_t width, std::vector<at::Tensor>& tensors) {
  const at::Tensor qkv = Parameter({3 * width, width});
  Add(qkv, tensors);
  for (int i = 0; i < 3; ++i) tensors.push_back(qkv.narrow(0, i * width, width));
  Add(Parameter({3 * width}), tensors);
  for (const std::int64_t rows : {width, 4 * width}) {  // Attention's output, and the first half of the MLP.
    Add(Parameter({rows, width}), tensors);
    Add(Parameter({rows}), tensors);
  }
  Add(Parameter({width, 4 * width}), tensors);
  for (int i = 0; i < 5; ++i) Add(Parameter({width}), tensors);  // Its bias; weight and bias of two norms.
}

}  // namespace

std::vector<at::Tensor> Parameters(Random& random, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    at::DimVector sizes(static_cast<std::size_t>(1 + random.Below(2)));
    for (std::int64_t& size : sizes) size = 1 + random.Below(8);
    tensors.push_back(Parameter(sizes));
  }
  return tensors;
}

std::vector<at::Tensor> TrainingState(Random& random, std::int64_t count) {
  const std::int64_t width = 64 * (1 + random.Below(8));
  std::vector<at::Tensor> tensors;
  const at::Tensor embedding = Parameter({1000, width});
  Add(embedding, tensors);
  tensors.push_back(embedding);  // Tied weight of the output layer.
  while (static_cast<std::int64_t>(tensors.size()) < count) AddLayer(width, tensors);
  tensors.resize(static_cast<std::size_t>(count));
  return tensors;
}

}  // namespace metaconv
