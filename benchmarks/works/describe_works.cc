#include "benchmarks/works/describe_works.h"

#include <memory>

#include "benchmark/benchmark.h"
#include "benchmarks/works/outcomes.h"
#include "benchmarks/works/results.h"
#include "describer/meta_tensor_describer.h"

namespace metaconv {
namespace {

void DescribeEach(MetaTensorDescriber& describer, const Graph& graph, std::vector<MetaTensorDescPtr>& records) {
  for (const at::Tensor& tensor : graph.tensors) records.push_back(OrDie(describer.DescribeTensor(tensor)));
}

Prepare DescribeFirst(const Graph& graph) {
  return [&graph] {
    auto describer = std::make_shared<MetaTensorDescriber>();
    auto records = RoomFor<MetaTensorDescPtr>(graph.tensors.size());
    return [&graph, describer, records] { DescribeEach(*describer, graph, *records); };
  };
}

Prepare DescribeAgain(const Graph& graph) {
  auto describer = std::make_shared<MetaTensorDescriber>();
  for (const at::Tensor& tensor : graph.tensors) OrDie(describer->DescribeTensor(tensor));
  return [&graph, describer] {
    auto records = RoomFor<MetaTensorDescPtr>(graph.tensors.size());
    return [&graph, describer, records] { DescribeEach(*describer, graph, *records); };
  };
}

// A run that describes all tensors by one call.
Run DescribeAllBy(const Graph& graph, std::shared_ptr<MetaTensorDescriber> describer) {
  auto outcomes = std::make_shared<Outcomes<MetaTensorDescPtr>>();
  return [&graph, describer, outcomes] { outcomes->Take(describer->DescribeTensors(graph.tensors)); };
}

Prepare DescribeAllFirst(const Graph& graph) {
  return [&graph] { return DescribeAllBy(graph, std::make_shared<MetaTensorDescriber>()); };
}

Prepare DescribeAllAgain(const Graph& graph) {
  auto describer = std::make_shared<MetaTensorDescriber>();
  for (const at::Tensor& tensor : graph.tensors) OrDie(describer->DescribeTensor(tensor));
  return [&graph, describer] { return DescribeAllBy(graph, describer); };
}

// Baseline: reads the same properties of each tensor and stores nothing.
Prepare ReadProperties(const Graph& graph) {
  return [&graph] {
    return [&graph] {
      for (const at::Tensor& tensor : graph.tensors) {
        benchmark::DoNotOptimize(tensor.sizes());
        benchmark::DoNotOptimize(tensor.strides());
        benchmark::DoNotOptimize(tensor.storage_offset());
        benchmark::DoNotOptimize(tensor.storage().nbytes());
        benchmark::DoNotOptimize(tensor.scalar_type());
        benchmark::DoNotOptimize(tensor.device());
        benchmark::DoNotOptimize(tensor.is_leaf());
        benchmark::DoNotOptimize(tensor.requires_grad());
        benchmark::DoNotOptimize(tensor.is_view());
        benchmark::DoNotOptimize(tensor.is_inference());
      }
    };
  };
}

}  // namespace

std::vector<Work> DescribeWorks() {
  const std::vector<std::string> strided = {"tiny", "tiny/shuffled", "training", "views"};
  std::vector<std::string> all = strided;
  all.push_back("mix");
  const std::vector<std::string> floors = {"describe/read_properties"};
  const Work first = {.name = "describe/first", .graphs = all, .floors = floors, .setup = DescribeFirst};
  const Work again = {.name = "describe/again", .graphs = strided, .floors = floors, .setup = DescribeAgain};
  return {
      first,
      ForWholeModel(first, DescribeAllFirst),
      again,
      ForWholeModel(again, DescribeAllAgain),
      {.name = "describe/read_properties", .graphs = strided, .setup = ReadProperties},
  };
}

}  // namespace metaconv
