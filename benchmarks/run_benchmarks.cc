#include "benchmarks/run_benchmarks.h"

#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "benchmarks/graphs/graphs.h"

namespace metaconv {
namespace {

constexpr int kRunsOfSlowPreparation = 20;

// The graph of `spec`. It is cached until another graph is requested, because Google Benchmark calls a function several
// times to determine the number of iterations.
const Graph& GraphOf(const GraphSpec& spec) {
  static GraphSpec& made = *new GraphSpec();
  static Graph& graph = *new Graph();
  if (made != spec) {
    graph = {};
    graph = OrDie(MakeGraph(spec));
    made = spec;
  }
  return graph;
}

void Measure(benchmark::State& state, const Work& work, const GraphSpec& spec) {
  const Graph& graph = GraphOf(spec);
  const Prepare prepare = work.setup(graph);
  for (auto _ : state) state.SetIterationTime(Nanoseconds(prepare()) * 1e-9);
  const double conversions = work.conversions_per_tensor * static_cast<double>(graph.tensors.size());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(conversions));
}

void Register(const Work& work, const GraphSpec& spec) {
  const std::string name = absl::StrCat(work.name, "/", spec.name, "/", spec.size);
  auto* registered =
      benchmark::RegisterBenchmark(name.c_str(), [work, spec](benchmark::State& state) { Measure(state, work, spec); });
  registered->UseManualTime();
  if (work.slow_to_prepare) registered->Iterations(kRunsOfSlowPreparation);
}

// Removes --sizes from the arguments. Returns false if its value is not a list of numbers.
bool TakeSizes(int& argc, char** argv, std::vector<std::int64_t>& sizes) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    constexpr std::string_view kFlag = "--sizes=";
    const std::string argument = argv[i];
    if (!argument.starts_with(kFlag)) {
      argv[kept++] = argv[i];
      continue;
    }
    sizes.clear();
    for (const std::string& text : std::vector<std::string>(absl::StrSplit(argument.substr(kFlag.size()), ','))) {
      std::int64_t size = 0;
      if (!absl::SimpleAtoi(text, &size) || size < 1) return false;
      sizes.push_back(size);
    }
  }
  argc = kept;
  return true;
}

}  // namespace

int RunBenchmarks(const std::vector<Work>& works, int argc, char** argv) {
  std::vector<std::int64_t> sizes = {1000, 10000, 100000};
  if (!TakeSizes(argc, argv, sizes)) {
    std::cerr << "expected --sizes=N,N with numbers of tensors\n";
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const Work& work : works) {
    for (const std::string& graph : work.graphs) {
      for (const std::int64_t size : sizes) Register(work, {.name = graph, .size = size});
    }
  }
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

}  // namespace metaconv
