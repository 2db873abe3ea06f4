#include "tools/cli/demo_graph.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/embedding.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/ones_like.h"
#include "ATen/ops/outer.h"
#include "ATen/ops/polar.h"
#include "ATen/ops/rand.h"
#include "ATen/ops/randn.h"

namespace metaconv::cli {

std::vector<DemoTensor> DemoGraph() {
  constexpr int kVocabulary = 5000;
  constexpr int kWidth = 256;
  const auto parameter = [](at::IntArrayRef size) { return at::randn(size).mul_(0.02).requires_grad_(true); };

  const at::Tensor embedding = parameter({kVocabulary, kWidth});
  const at::Tensor qkv = parameter({3 * kWidth, kWidth});
  const at::Tensor out = parameter({kWidth, kWidth});
  const at::Tensor norm = at::ones({kWidth}).requires_grad_(true);

  const at::Tensor hidden = at::embedding(embedding, at::arange(8));
  const at::Tensor attended = at::linear(at::linear(hidden, qkv).narrow(1, 0, kWidth), out) * norm;
  at::linear(attended, embedding).sum().backward();

  // Rotary position embedding keeps its frequencies as complex numbers.
  const at::Tensor angles = at::outer(at::arange(8, at::kFloat), at::rand({kWidth / 2}));
  const at::Tensor frequencies = at::polar(at::ones_like(angles), angles);

  const std::vector<at::Tensor> packed = qkv.chunk(3);
  return {
      {"embedding.weight", embedding, true},
      {"attention.qkv.weight", qkv, true},
      {"attention.q", packed[0]},
      {"attention.k", packed[1]},
      {"attention.v", packed[2]},
      {"attention.out.weight", out, true},
      {"norm.weight", norm, true},
      {"rotary.frequencies", frequencies},
      {"rotary.inverse", frequencies.conj()},
      {"hidden", hidden},
      {"head.weight", embedding, true},
  };
}

}  // namespace metaconv::cli
