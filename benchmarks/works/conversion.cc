#include "benchmarks/works/conversion.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "benchmark/benchmark.h"
#include "benchmarks/works/by_hand.h"
#include "benchmarks/works/outcomes.h"
#include "benchmarks/works/results.h"
#include "converter/meta_converter.h"

namespace metaconv {
namespace {

void ConvertEach(MetaConverter& converter, const Graph& graph, std::vector<at::Tensor>& results) {
  for (const at::Tensor& tensor : graph.tensors) results.push_back(OrDie(converter.Convert(tensor)));
}

}  // namespace

Prepare ConvertFirst(const Graph& graph) {
  return [&graph] {
    auto converter = std::make_shared<MetaConverter>();
    auto results = RoomFor<at::Tensor>(graph.tensors.size());
    return [&graph, converter, results] { ConvertEach(*converter, graph, *results); };
  };
}

Prepare ConvertAllFirst(const Graph& graph) {
  return [&graph] {
    auto converter = std::make_shared<MetaConverter>();
    auto outcomes = std::make_shared<Outcomes<at::Tensor>>();
    return [&graph, converter, outcomes] { outcomes->Take(converter->Convert(graph.tensors)); };
  };
}

Prepare ConvertAgain(const Graph& graph) {
  auto converter = std::make_shared<MetaConverter>();
  auto results = RoomFor<at::Tensor>(graph.tensors.size());
  ConvertEach(*converter, graph, *results);
  return [&graph, converter, results] {
    return [&graph, converter, results] {
      for (const at::Tensor& tensor : graph.tensors) benchmark::DoNotOptimize(OrDie(converter->Convert(tensor)));
    };
  };
}

Prepare ConvertAllAgain(const Graph& graph) {
  auto converter = std::make_shared<MetaConverter>();
  auto results = RoomFor<at::Tensor>(graph.tensors.size());
  ConvertEach(*converter, graph, *results);
  return [&graph, converter, results] {
    auto outcomes = std::make_shared<Outcomes<at::Tensor>>();
    return [&graph, converter, results, outcomes] { outcomes->Take(converter->Convert(graph.tensors)); };
  };
}

Prepare LookUp(const Graph& graph) {
  auto table = std::make_shared<absl::flat_hash_map<const void*, std::int64_t>>();
  table->reserve(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) {
    table->emplace(tensor.unsafeGetTensorImpl(), static_cast<std::int64_t>(table->size()));
  }
  return [&graph, table] {
    return [&graph, table] {
      for (const at::Tensor& tensor : graph.tensors) {
        benchmark::DoNotOptimize(table->find(tensor.unsafeGetTensorImpl())->second);
      }
    };
  };
}

Prepare MakeByHand(const Graph& graph) {
  auto by_hand = std::make_shared<const ByHand>(graph.tensors);
  return [&graph, by_hand] {
    auto results = RoomFor<at::Tensor>(graph.tensors.size());
    return [&graph, by_hand, results] {
      for (std::size_t i = 0; i < graph.tensors.size(); ++i) results->push_back(by_hand->Make(i));
    };
  };
}

}  // namespace metaconv
