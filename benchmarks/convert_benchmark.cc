// Converting tensors, against LibTorch's floor: what it costs to make the same results by hand.
//
// Times are for a whole graph; items_per_second is for one tensor. Compare rows of one run only.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/EmptyTensor.h"
#include "benchmark/benchmark.h"
#include "benchmarks/graphs.h"
#include "converter/meta_converter.h"

namespace metaconv {
namespace {

at::Tensor ConvertOrDie(MetaConverter& converter, const at::Tensor& tensor) {
  absl::StatusOr<at::Tensor> result = converter.Convert(tensor);
  if (!result.ok()) std::abort();
  return *std::move(result);
}

void SetItems(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * state.range(0)); }

// --- Dense tensors. ---

// The floor: the operator that a result is made with, through the dispatcher.
void BM_DenseFloor_EmptyStrided(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  for (auto _ : state) {
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const at::Tensor& source : sources) {
      results.push_back(at::empty_strided(source.sizes(), source.strides(), source.options().device(at::kMeta)));
    }
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_DenseFloor_EmptyStrided)->Range(1000, 100000);

// The lower floor: the same without the dispatcher.
void BM_DenseFloor_EmptyStridedMeta(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  for (auto _ : state) {
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const at::Tensor& source : sources) {
      results.push_back(at::detail::empty_strided_meta(source.sizes(), source.strides(), source.scalar_type()));
    }
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_DenseFloor_EmptyStridedMeta)->Range(1000, 100000);

void BM_ConvertDense_FirstTime(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  for (auto _ : state) {
    MetaConverter converter;
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const at::Tensor& source : sources) results.push_back(ConvertOrDie(converter, source));
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_ConvertDense_FirstTime)->Range(1000, 100000);

void BM_ConvertDense_FromRecords(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  MetaTensorDescriber describer;
  std::vector<MetaTensorDescPtr> records;
  for (const at::Tensor& source : sources) records.push_back(describer.DescribeTensor(source).value());
  for (auto _ : state) {
    MetaConverter converter;
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const MetaTensorDescPtr& record : records) results.push_back(converter.MetaTensor(*record).value());
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_ConvertDense_FromRecords)->Range(1000, 100000);

void BM_ConvertDense_Again(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  MetaConverter converter;
  std::vector<at::Tensor> results;
  for (const at::Tensor& source : sources) results.push_back(ConvertOrDie(converter, source));
  for (auto _ : state) {
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(ConvertOrDie(converter, source));
  }
  SetItems(state);
}
BENCHMARK(BM_ConvertDense_Again)->Range(1000, 100000);

// The same, all threads on one converter.
void BM_ConvertDense_AgainThreads(benchmark::State& state) {
  static const std::vector<at::Tensor>& sources = *new std::vector<at::Tensor>(DenseTensors(10000));
  static MetaConverter& converter = *new MetaConverter();
  static const std::vector<at::Tensor>& results = *[] {
    auto* made = new std::vector<at::Tensor>();
    for (const at::Tensor& source : sources) made->push_back(ConvertOrDie(converter, source));
    return made;
  }();
  benchmark::DoNotOptimize(results.data());
  for (auto _ : state) {
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(ConvertOrDie(converter, source));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sources.size()));
}
BENCHMARK(BM_ConvertDense_AgainThreads)->UseRealTime()->Threads(1)->ThreadPerCpu();

// --- Views of one base. ---

void BM_ViewFloor_AsStrided(benchmark::State& state) {
  const at::Tensor base = BaseFor(state.range(0));
  const std::vector<at::Tensor> sources = ViewsOf(base, state.range(0));
  for (auto _ : state) {
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const at::Tensor& source : sources) {
      results.push_back(base.as_strided(source.sizes(), source.strides(), source.storage_offset()));
    }
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_ViewFloor_AsStrided)->Range(1000, 100000);

void BM_ConvertViews_FirstTime(benchmark::State& state) {
  const at::Tensor base = BaseFor(state.range(0));
  const std::vector<at::Tensor> sources = ViewsOf(base, state.range(0));
  for (auto _ : state) {
    MetaConverter converter;
    std::vector<at::Tensor> results;
    results.reserve(sources.size());
    for (const at::Tensor& source : sources) results.push_back(ConvertOrDie(converter, source));
    benchmark::DoNotOptimize(results.data());
  }
  SetItems(state);
}
BENCHMARK(BM_ConvertViews_FirstTime)->Range(1000, 100000);

void BM_ConvertViews_Again(benchmark::State& state) {
  const at::Tensor base = BaseFor(state.range(0));
  const std::vector<at::Tensor> sources = ViewsOf(base, state.range(0));
  MetaConverter converter;
  std::vector<at::Tensor> results;
  for (const at::Tensor& source : sources) results.push_back(ConvertOrDie(converter, source));
  for (auto _ : state) {
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(ConvertOrDie(converter, source));
  }
  SetItems(state);
}
BENCHMARK(BM_ConvertViews_Again)->Range(1000, 100000);

}  // namespace
}  // namespace metaconv
