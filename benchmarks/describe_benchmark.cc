// Describing tensors, against LibTorch's floor: reading the same properties and keeping nothing.
//
// Times are for a whole graph; items_per_second is for one tensor. Compare rows of one run only.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "ATen/ATen.h"
#include "benchmark/benchmark.h"
#include "benchmarks/graphs.h"
#include "describer/meta_tensor_describer.h"

namespace metaconv {
namespace {

MetaTensorDescPtr DescribeOrDie(MetaTensorDescriber& describer, const at::Tensor& tensor) {
  absl::StatusOr<MetaTensorDescPtr> desc = describer.DescribeTensor(tensor);
  if (!desc.ok()) std::abort();
  return *std::move(desc);
}

void SetItems(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * state.range(0)); }

void BM_DescribeFloor_ReadProperties(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  for (auto _ : state) {
    for (const at::Tensor& source : sources) {
      benchmark::DoNotOptimize(source.sizes());
      benchmark::DoNotOptimize(source.strides());
      benchmark::DoNotOptimize(source.storage_offset());
      benchmark::DoNotOptimize(source.storage().nbytes());
      benchmark::DoNotOptimize(source.scalar_type());
      benchmark::DoNotOptimize(source.device());
      benchmark::DoNotOptimize(source.is_leaf());
      benchmark::DoNotOptimize(source.requires_grad());
      benchmark::DoNotOptimize(source.is_view());
      benchmark::DoNotOptimize(source.is_inference());
    }
  }
  SetItems(state);
}
BENCHMARK(BM_DescribeFloor_ReadProperties)->Range(1000, 100000);

void BM_DescribeDense_FirstTime(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  for (auto _ : state) {
    MetaTensorDescriber describer;
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(DescribeOrDie(describer, source));
  }
  SetItems(state);
}
BENCHMARK(BM_DescribeDense_FirstTime)->Range(1000, 100000);

void BM_DescribeDense_Again(benchmark::State& state) {
  const std::vector<at::Tensor> sources = DenseTensors(state.range(0));
  MetaTensorDescriber describer;
  for (const at::Tensor& source : sources) DescribeOrDie(describer, source);
  for (auto _ : state) {
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(DescribeOrDie(describer, source));
  }
  SetItems(state);
}
BENCHMARK(BM_DescribeDense_Again)->Range(1000, 100000);

void BM_DescribeViews_FirstTime(benchmark::State& state) {
  const at::Tensor base = BaseFor(state.range(0));
  const std::vector<at::Tensor> sources = ViewsOf(base, state.range(0));
  for (auto _ : state) {
    MetaTensorDescriber describer;
    for (const at::Tensor& source : sources) benchmark::DoNotOptimize(DescribeOrDie(describer, source));
  }
  SetItems(state);
}
BENCHMARK(BM_DescribeViews_FirstTime)->Range(1000, 100000);

}  // namespace
}  // namespace metaconv
