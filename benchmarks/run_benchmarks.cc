#include "benchmarks/run_benchmarks.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "benchmarks/comparison.h"
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

struct Options {
  std::vector<std::int64_t> sizes = {1000, 10000, 100000};
  std::vector<std::string> graphs = {};  // Empty: all.
  std::vector<std::string> works = {};   // Of a comparison; empty: Google Benchmark runs all.
  int rounds = 5;                        // Of a comparison.
  Clock clock = Clock::kWall;            // Of a comparison.

  bool Has(const std::string& graph) const { return graphs.empty() || std::ranges::count(graphs, graph) > 0; }
};

std::vector<std::string> List(const std::string& text) { return absl::StrSplit(text, ','); }

bool ParseSizes(const std::string& text, std::vector<std::int64_t>& sizes) {
  sizes.clear();
  for (const std::string& number : List(text)) {
    std::int64_t size = 0;
    if (!absl::SimpleAtoi(number, &size) || size < 1) return false;
    sizes.push_back(size);
  }
  return true;
}

// Removes our own flags from the arguments. Returns false if the value of one is wrong.
bool TakeOptions(int& argc, char** argv, Options& options) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::pair<std::string, std::string> flag = absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
    if (flag.first == "--sizes") {
      if (!ParseSizes(flag.second, options.sizes)) return false;
    } else if (flag.first == "--graphs") {
      options.graphs = List(flag.second);
    } else if (flag.first == "--works") {
      options.works = List(flag.second);
    } else if (flag.first == "--rounds") {
      if (!absl::SimpleAtoi(flag.second, &options.rounds) || options.rounds < 1) return false;
    } else if (flag.first == "--cpu-time") {
      options.clock = Clock::kProcessor;
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return true;
}

int Compare(const std::vector<Work>& works, const Options& options) {
  Comparison comparison(works, options.clock);
  for (const std::string& name : options.works) {
    if (comparison.Choose(name)) continue;
    std::cerr << "there is no work named " << name << "; the works are:\n";
    for (const Work& work : works) std::cerr << "  " << work.name << '\n';
    return 2;
  }
  for (const std::string& graph : comparison.Graphs()) {
    if (!options.Has(graph)) continue;
    for (const std::int64_t size : options.sizes) {
      comparison.Run({.name = graph, .size = size}, options.rounds, std::cout);
    }
  }
  return 0;
}

}  // namespace

int RunBenchmarks(const std::vector<Work>& works, int argc, char** argv) {
  Options options;
  if (!TakeOptions(argc, argv, options)) {
    std::cerr << "expected --sizes=N,N with numbers of tensors, and --rounds=N\n";
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (!options.works.empty()) return Compare(works, options);
  for (const Work& work : works) {
    for (const std::string& graph : work.graphs) {
      if (!options.Has(graph)) continue;
      for (const std::int64_t size : options.sizes) Register(work, {.name = graph, .size = size});
    }
  }
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

}  // namespace metaconv
