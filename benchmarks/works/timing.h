// NanosecondsPerConversion: one measurement of a work.
//
// Example:
//   const Prepare prepare = work.setup(graph);
//   const double nanoseconds = NanosecondsPerConversion(work, prepare, graph.tensors.size());
//
// Thread safety: call it from one thread.
// Lifetime: keeps nothing.

#ifndef METACONV_BENCHMARKS_WORKS_TIMING_H_
#define METACONV_BENCHMARKS_WORKS_TIMING_H_

#include <cstddef>

#include "benchmarks/works/work.h"

namespace metaconv {

// The mean of as many runs as take at least a tenth of a second together. `tensors` is the size of the graph that
// `prepare` was set up for.
double NanosecondsPerConversion(const Work& work, const Prepare& prepare, std::size_t tensors,
                                Clock clock = Clock::kWall);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_TIMING_H_
