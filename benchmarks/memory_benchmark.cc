// Benchmarks memory: bytes per tensor, as user counters. The reported times have no meaning.

#include <string>

#include "benchmark/benchmark.h"
#include "benchmarks/memory.h"

namespace metaconv {
namespace {

void Memory(benchmark::State& state, const std::string& graph) {
  MemoryPerTensor memory;
  for (auto _ : state) memory = MeasureMemory({.name = graph, .size = state.range(0)});
  state.counters["source"] = memory.sources;
  state.counters["result"] = memory.results;
  state.counters["beyond_result"] = memory.alive;
  state.counters["beyond_result_all_at_once"] = memory.alive_all;
  state.counters["after_all_is_dropped"] = memory.dropped;
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(1000, 1000000)->Iterations(1)->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(Memory, tiny, "tiny")->Apply(Sizes);
BENCHMARK_CAPTURE(Memory, training, "training")->Apply(Sizes);
BENCHMARK_CAPTURE(Memory, views, "views")->Apply(Sizes);
BENCHMARK_CAPTURE(Memory, mix, "mix")->Apply(Sizes);

}  // namespace
}  // namespace metaconv
