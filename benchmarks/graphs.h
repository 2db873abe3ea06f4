// The tensor graphs that the benchmarks measure.
//
// On the meta device, where a tensor costs no memory: what is measured does not look at data.
//
// Thread safety: pure functions.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_H_
#define METACONV_BENCHMARKS_GRAPHS_H_

#include <cstdint>
#include <vector>

#include "ATen/ATen.h"

namespace metaconv {

// Unrelated tensors, each with a storage of its own.
inline std::vector<at::Tensor> DenseTensors(std::int64_t count) {
  std::vector<at::Tensor> tensors;
  for (std::int64_t i = 0; i < count; ++i) tensors.push_back(at::empty({4, 4}, at::device(at::kMeta)));
  return tensors;
}

// Views of one base, none of them the same.
inline std::vector<at::Tensor> ViewsOf(const at::Tensor& base, std::int64_t count) {
  std::vector<at::Tensor> views;
  for (std::int64_t i = 0; i < count; ++i) views.push_back(base.slice(0, i, i + 4));
  return views;
}

inline at::Tensor BaseFor(std::int64_t count) { return at::empty({count + 4}, at::device(at::kMeta)); }

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_H_
