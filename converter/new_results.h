// NewResults: results that were built and are not in the memo yet. They are stored together, which takes less time than
// one after another.
//
// Only for results that may be built twice: if another thread stores a result for the same id first, that one is used.
//
// Example:
//   NewResults built(memo, results);
//   for (std::size_t i = 0; i < descs.size(); ++i) built.Add(i, descs[i]->id, Build(*descs[i]));
//   built.Store();                              // results[i] is the result of descs[i].
//
// Thread safety: for one thread; the memo is thread-safe.
// Lifetime: refers to the memo and to the results.

#ifndef METACONV_CONVERTER_NEW_RESULTS_H_
#define METACONV_CONVERTER_NEW_RESULTS_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "converter/tensor_memo.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

class NewResults {
 public:
  // Store() writes to `results`.
  NewResults(TensorMemo& memo, absl::Span<absl::StatusOr<at::Tensor>> results) : memo_(memo), results_(results) {}

  // Adds the result for `id`, which Store() writes to `results[index]`.
  void Add(std::size_t index, MetaTensorId id, at::Tensor built) {
    indices_.push_back(index);
    ids_.push_back(id);
    built_.push_back(std::move(built));
  }

  void Store() {
    memo_.GetOrSet(ids_, absl::MakeSpan(built_));
    for (std::size_t i = 0; i < indices_.size(); ++i) results_[indices_[i]] = std::move(built_[i]);
    indices_.clear();
    ids_.clear();
    built_.clear();
  }

 private:
  TensorMemo& memo_;
  const absl::Span<absl::StatusOr<at::Tensor>> results_;
  std::vector<std::size_t> indices_;
  std::vector<MetaTensorId> ids_;
  std::vector<at::Tensor> built_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_NEW_RESULTS_H_
