#include "benchmarks/works/json_works.h"

#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "benchmarks/works/results.h"
#include "describer/meta_tensor_describer.h"
#include "meta/as_json.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

Prepare WriteRecords(const Graph& graph) {
  auto describer = std::make_shared<MetaTensorDescriber>();
  auto records = RoomFor<MetaTensorDescPtr>(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) records->push_back(OrDie(describer->DescribeTensor(tensor)));
  return [describer, records] {
    return [describer, records] {
      for (const MetaTensorDescPtr& record : *records) {
        benchmark::DoNotOptimize(AsJson(*record, describer->id()).dump());
      }
    };
  };
}

// Baseline: writes the same text from existing JSON documents.
Prepare Dump(const Graph& graph) {
  MetaTensorDescriber describer;
  auto documents = RoomFor<nlohmann::ordered_json>(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) {
    documents->push_back(AsJson(*OrDie(describer.DescribeTensor(tensor)), describer.id()));
  }
  return [documents] {
    return [documents] {
      for (const nlohmann::ordered_json& document : *documents) benchmark::DoNotOptimize(document.dump());
    };
  };
}

}  // namespace

std::vector<Work> JsonWorks() {
  const std::vector<std::string> graphs = {"tiny", "training", "forest"};
  return {
      {.name = "json/write", .graphs = graphs, .floors = {"json/dump"}, .setup = WriteRecords},
      {.name = "json/dump", .graphs = graphs, .setup = Dump},
  };
}

}  // namespace metaconv
