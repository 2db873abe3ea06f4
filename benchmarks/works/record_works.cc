#include "benchmarks/works/record_works.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "describer/meta_tensor_describer.h"
#include "meta/binary/decode_records.h"
#include "meta/binary/encode_records.h"

namespace metaconv {
namespace {

using Model = std::vector<NamedTensor>;

// The records of a graph, with names as long as those of a model.
Model ModelOf(const Graph& graph) {
  MetaTensorDescriber describer;
  Model model;
  model.reserve(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) {
    model.push_back({absl::StrCat("model.layers.", model.size(), ".self_attn.q_proj.weight"),
                     OrDie(describer.DescribeTensor(tensor))});
  }
  return model;
}

std::string BytesOf(const Graph& graph) { return OrDie(EncodeRecords(ModelOf(graph))); }

std::size_t SizeOf(const Graph& graph) { return BytesOf(graph).size(); }

Prepare Write(const Graph& graph) {
  return [model = std::make_shared<const Model>(ModelOf(graph))] {
    auto bytes = std::make_shared<std::string>();
    return [model, bytes] { *bytes = OrDie(EncodeRecords(*model)); };
  };
}

Prepare Read(const Graph& graph) {
  return [bytes = std::make_shared<const std::string>(BytesOf(graph))] {
    auto model = std::make_shared<RecordModel>();
    return [bytes, model] { *model = OrDie(DecodeRecords(*bytes)); };
  };
}

// Baseline: copies the bytes of the same file to new memory.
Prepare Copy(const Graph& graph) {
  return [bytes = std::make_shared<const std::string>(BytesOf(graph))] {
    auto copy = std::make_shared<std::string>();
    return [bytes, copy] {
      *copy = *bytes;
      benchmark::DoNotOptimize(copy->data());
    };
  };
}

}  // namespace

std::vector<Work> RecordWorks() {
  const std::vector<std::string> graphs = {"tiny"};
  const std::vector<std::string> floors = {"records/copy"};
  return {
      {.name = "records/write", .graphs = graphs, .floors = floors, .setup = Write, .bytes = SizeOf},
      {.name = "records/read", .graphs = graphs, .floors = floors, .setup = Read, .bytes = SizeOf},
      {.name = "records/copy", .graphs = graphs, .setup = Copy, .bytes = SizeOf},
  };
}

}  // namespace metaconv
