// RunBenchmarks: the main function of a program that measures a table of works.
//
//   PROGRAM [--sizes=N,N] [--graphs=NAME,NAME] [--benchmark_…]
//       Runs Google Benchmark on each work, graph and size, as WORK/GRAPH/SIZE. The sizes are 1,000, 10,000 and 100,000
//       if not given.
//   PROGRAM --works=NAME,NAME [--rounds=N] [--cpu-time] [--sizes=N,N] [--graphs=NAME,NAME]
//       Compares these works with their baselines and with each other, in turns: see comparison.h. NAME* means all
//       works that begin with NAME. With --cpu-time, on a machine with other load: see Clock in works/work.h.
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
