// ByHand: creates the results of a conversion by calling the LibTorch operators that are known to create them. It is
// the baseline for conversion.
//
// It does not keep track of identity: bases exist beforehand, storages are not shared, and a repeated call creates
// another tensor. It is therefore a lower bound for the time of a conversion, not a replacement for it.
//
// Example:
//   ByHand by_hand(graph.tensors);
//   for (std::size_t i = 0; i < graph.tensors.size(); ++i) results.push_back(by_hand.Make(i));
//
// Thread safety: Make may be called from any number of threads.
// Lifetime: refers to the tensors.

#ifndef METACONV_BENCHMARKS_WORKS_BY_HAND_H_
#define METACONV_BENCHMARKS_WORKS_BY_HAND_H_

#include <cstddef>
#include <vector>

#include "ATen/core/Tensor.h"

namespace metaconv {

class ByHand {
 public:
  explicit ByHand(const std::vector<at::Tensor>& tensors);

  at::Tensor Make(std::size_t index) const;

 private:
  enum class How { kDense, kParameter, kStridedView, kConjugate, kSparseCoo, kSparseCsr };

  static How HowToMake(const at::Tensor& tensor);

  const std::vector<at::Tensor>& tensors_;
  std::vector<How> how_;
  std::vector<at::Tensor> bases_;  // On the meta device; undefined for tensors without a base.
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_BY_HAND_H_
