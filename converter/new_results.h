// NewResults: the results of one call for many records. Some of them are stored in the memo together, which takes less
// time than one after another.
//
// Only results that may be built twice can be stored later: if another thread stores a result for the same id first,
// that one is used.
//
// Example:
//   NewResults results(memo, space);
//   results.Add(0, desc.id, built);             // Is stored later.
//   results.Set(1, conversion.Convert(other));
//   results.Store();                            // space[0] is the result of `desc`.
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

  // Sets `results[index]`, which needs no entry in the memo: it has one, or is an error.
  void Set(std::size_t index, absl::StatusOr<at::Tensor> result) { results_[index] = std::move(result); }

  // Stores the results that were added.
  void Store() {
    if (built_.empty()) return;
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
