// Work: something whose time is measured, in the benchmarks and in the report alike.
//
// Example:
//   const Work work = ConvertWorks().front();
//   const Prepare prepare = work.setup(graph);
//   const double nanoseconds = Nanoseconds(prepare()) / (work.conversions_per_tensor * graph.tensors.size());
//
// Thread safety: as its functions, which are called from one thread.
// Lifetime: what `setup` returns refers to the graph.

#ifndef METACONV_BENCHMARKS_WORKS_WORK_H_
#define METACONV_BENCHMARKS_WORKS_WORK_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/graphs/graph.h"

namespace metaconv {

// What is timed. It is called once, and what it holds is destroyed after the clock has stopped.
using Run = std::function<void()>;

// What each run needs anew, such as an empty converter, and is not timed.
using Prepare = std::function<Run()>;

struct Work {
  // "convert/first". reference/works.py has the reference's under the same name.
  std::string name;
  // The graphs that it is measured on, see graphs/graphs.h.
  std::vector<std::string> graphs = {};
  // The works that it is compared with on the graphs that they have too: what LibTorch itself takes for the same.
  std::vector<std::string> floors = {};
  // What all runs on a graph share.
  std::function<Prepare(const Graph& graph)> setup = {};
  // A time is given for one conversion, or description.
  double conversions_per_tensor = 1;
  // Preparing takes much longer than the run.
  bool slow_to_prepare = false;
};

// Nanoseconds that `run` takes. Destroys it.
double Nanoseconds(Run run);

// The value. Ends the process if there is none: a benchmark that goes on would measure nothing.
[[noreturn]] void DieOf(const absl::Status& status);
template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) DieOf(value.status());
  return *std::move(value);
}

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_WORK_H_
