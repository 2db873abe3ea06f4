#include "benchmarks/works/json_works.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "benchmarks/works/results.h"
#include "describer/meta_tensor_describer.h"
#include "meta/as_json.h"
#include "meta/from_json.h"
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

std::size_t BytesWritten(const Graph& graph) {
  MetaTensorDescriber describer;
  std::size_t bytes = 0;
  for (const at::Tensor& tensor : graph.tensors) {
    bytes += AsJson(*OrDie(describer.DescribeTensor(tensor)), describer.id()).dump().size();
  }
  return bytes;
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

// The text of a document with all records of a graph without nested records.
std::shared_ptr<const std::string> TextOf(const Graph& graph) {
  MetaTensorDescriber describer;
  auto tensors = nlohmann::ordered_json::array();
  auto storages = nlohmann::ordered_json::array();
  for (const at::Tensor& tensor : graph.tensors) {
    const MetaTensorDescPtr record = OrDie(describer.DescribeTensor(tensor));
    tensors.push_back(AsJson(*record, describer.id()));
    storages.push_back(AsJson(*record->storage, describer.id()));
  }
  const nlohmann::ordered_json document = {{"storages", std::move(storages)}, {"tensors", std::move(tensors)}};
  return std::make_shared<const std::string>(document.dump());
}

Prepare ReadRecords(const Graph& graph) {
  return [text = TextOf(graph)] {
    auto records = std::make_shared<RecordSet>();
    return [text, records] { *records = OrDie(RecordsFromJson(nlohmann::ordered_json::parse(*text))); };
  };
}

std::size_t BytesRead(const Graph& graph) { return TextOf(graph)->size(); }

// Baseline: parses the same text.
Prepare Parse(const Graph& graph) {
  return [text = TextOf(graph)] {
    auto document = std::make_shared<nlohmann::ordered_json>();
    return [text, document] { *document = nlohmann::ordered_json::parse(*text); };
  };
}

}  // namespace

std::vector<Work> JsonWorks() {
  const std::vector<std::string> graphs = {"tiny", "training", "forest"};
  return {
      {.name = "json/write", .graphs = graphs, .floors = {"json/dump"}, .setup = WriteRecords, .bytes = BytesWritten},
      {.name = "json/dump", .graphs = graphs, .setup = Dump},
      {.name = "json/read", .graphs = {"tiny"}, .floors = {"json/parse"}, .setup = ReadRecords, .bytes = BytesRead},
      {.name = "json/parse", .graphs = {"tiny"}, .setup = Parse},
  };
}

}  // namespace metaconv
