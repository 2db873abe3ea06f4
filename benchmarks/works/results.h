// RoomFor: a vector with reserved capacity for the results of a graph, so that no vector grows while it is timed.
//
// Thread safety: pure function.
// Lifetime: the result owns its elements.

#ifndef METACONV_BENCHMARKS_WORKS_RESULTS_H_
#define METACONV_BENCHMARKS_WORKS_RESULTS_H_

#include <cstddef>
#include <memory>
#include <vector>

namespace metaconv {

// A shared_ptr, because a Run is copied.
template <typename T>
std::shared_ptr<std::vector<T>> RoomFor(std::size_t count) {
  auto results = std::make_shared<std::vector<T>>();
  results->reserve(count);
  return results;
}

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_RESULTS_H_
