// Work: a benchmark, used by the benchmark programs and by the report.
//
// Example:
//   const Work work = ConvertWorks().front();
//   const Prepare prepare = work.setup(graph);
//   const double nanoseconds = Nanoseconds(prepare()) / (work.conversions_per_tensor * graph.tensors.size());
//
// Thread safety: its functions are called from one thread.
// Lifetime: the result of `setup` refers to the graph.

#ifndef METACONV_BENCHMARKS_WORKS_WORK_H_
#define METACONV_BENCHMARKS_WORKS_WORK_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/graphs/graph.h"

namespace metaconv {

// The timed part. It is called once. What it holds is destroyed after the clock has stopped.
using Run = std::function<void()>;

// Creates what each run needs, such as an empty converter. Not timed.
using Prepare = std::function<Run()>;

struct Work {
  // Such as "convert/first", for one call per tensor, or "convert_all/first", for one call for all tensors.
  std::string name;
  // The graphs that it runs on: see graphs/graphs.h.
  std::vector<std::string> graphs = {};
  // The baselines: works that it is compared with on the graphs that both run on.
  std::vector<std::string> floors = {};
  // Creates what all runs on a graph share.
  std::function<Prepare(const Graph& graph)> setup = {};
  // Works of one group are compared with each other and with the same work of the reference, which is the one of this
  // name in reference/works.py. The report measures a group and its baselines in turns. If empty, the work is a group
  // of its own, with its own name.
  std::string group = {};
  // Times are divided by the number of conversions (or descriptions).
  double conversions_per_tensor = 1;
  // The number of bytes that a run reads or writes, for works whose throughput is of interest.
  std::function<std::size_t(const Graph& graph)> bytes = {};
  // Set if Prepare takes much longer than Run.
  bool slow_to_prepare = false;
};

enum class Clock {
  kWall,
  // The processor time of the calling thread, which other load on the machine disturbs less. Not for works that start
  // threads.
  kProcessor,
};

// The time of `run` in nanoseconds. Destroys `run`.
double Nanoseconds(Run run, Clock clock = Clock::kWall);

// The work that does the same as `single` by one call for all tensors, which `setup` prepares. It has the baselines of
// `single`, is in the same group, and "convert/first" becomes "convert_all/first".
Work ForWholeModel(const Work& single, std::function<Prepare(const Graph& graph)> setup);

// Returns the value, or prints the error and ends the process.
[[noreturn]] void DieOf(const absl::Status& status);
template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) DieOf(value.status());
  return *std::move(value);
}

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_WORK_H_
