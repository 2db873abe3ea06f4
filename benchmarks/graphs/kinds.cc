#include "benchmarks/graphs/kinds.h"

#include <iterator>

#include "ATen/core/Tensor.h"
#include "ATen/ops/_sparse_coo_tensor_unsafe.h"
#include "ATen/ops/_sparse_csr_tensor_unsafe.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"

namespace metaconv {
namespace {

using MakeTensor = at::Tensor (*)(Random& random);

at::Tensor Tiny(Random& random) {
  constexpr at::ScalarType kTypes[] = {at::kFloat, at::kBFloat16, at::kHalf, at::kLong};
  at::DimVector sizes(static_cast<std::size_t>(random.Below(4)));
  for (std::int64_t& size : sizes) size = 1 + random.Below(8);
  return at::empty(sizes, at::device(at::kMeta).dtype(kTypes[random.Below(4)]));
}

at::Tensor Complex(Random& random) {
  return at::empty({1 + random.Below(8)}, at::device(at::kMeta).dtype(at::kComplexFloat));
}

at::Tensor Conjugate(Random& random) { return Complex(random).conj(); }

at::Tensor SparseCoo(Random& random) {
  const std::int64_t nonzeros = 1 + random.Below(4);
  return at::_sparse_coo_tensor_unsafe(at::zeros({2, nonzeros}, at::kLong), at::zeros({nonzeros}), {8, 8});
}

at::Tensor SparseCsr(Random& random) {
  const std::int64_t nonzeros = 1 + random.Below(4);
  return at::_sparse_csr_tensor_unsafe(at::zeros({5}, at::kLong), at::zeros({nonzeros}, at::kLong),
                                       at::zeros({nonzeros}), {4, 4},
                                       at::dtype(at::kFloat).layout(at::kSparseCsr).device(at::kCPU));
}

at::Tensor AnyKind(Random& random) {
  constexpr MakeTensor kKinds[] = {Tiny, Complex, Conjugate, SparseCoo, SparseCsr};
  return kKinds[random.Below(std::size(kKinds))](random);
}

std::vector<at::Tensor> Many(MakeTensor make, Random& random, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) tensors.push_back(make(random));
  return tensors;
}

}  // namespace

std::vector<at::Tensor> TinyTensors(Random& random, std::int64_t count) { return Many(Tiny, random, count); }
std::vector<at::Tensor> ComplexTensors(Random& random, std::int64_t count) { return Many(Complex, random, count); }
std::vector<at::Tensor> ConjugateTensors(Random& random, std::int64_t count) { return Many(Conjugate, random, count); }
std::vector<at::Tensor> SparseCooTensors(Random& random, std::int64_t count) { return Many(SparseCoo, random, count); }
std::vector<at::Tensor> SparseCsrTensors(Random& random, std::int64_t count) { return Many(SparseCsr, random, count); }
std::vector<at::Tensor> MixedTensors(Random& random, std::int64_t count) { return Many(AnyKind, random, count); }

}  // namespace metaconv
