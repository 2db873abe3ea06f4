// RunBenchmarks: the main function of a Google Benchmark binary that measures a table of works.
//
// Each work is registered for each of its graphs and sizes as WORK/GRAPH/SIZE. The sizes are 1,000, 10,000 and 100,000,
// or those of --sizes=N,N.
//
// Example:
//   int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ConvertWorks(), argc, argv); }
//
// Thread safety: call it once, from the main thread.
// Lifetime: keeps nothing.

#ifndef METACONV_BENCHMARKS_RUN_BENCHMARKS_H_
#define METACONV_BENCHMARKS_RUN_BENCHMARKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

// Returns the exit status.
int RunBenchmarks(const std::vector<Work>& works, int argc, char** argv);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_RUN_BENCHMARKS_H_
