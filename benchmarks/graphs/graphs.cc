#include "benchmarks/graphs/graphs.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/graphs/aliases.h"
#include "benchmarks/graphs/checkpoint_tensors.h"
#include "benchmarks/graphs/kinds.h"
#include "benchmarks/graphs/random.h"
#include "benchmarks/graphs/training.h"

namespace metaconv {
namespace {

constexpr std::string_view kCheckpoint = "checkpoint:";

using Tensors = std::vector<at::Tensor>;

struct Maker {
  std::string_view name;
  Tensors (*make)(Random& random, std::int64_t size);
};

constexpr Maker kMakers[] = {
    {"tiny", TinyTensors},
    {"complex", ComplexTensors},
    {"conjugate", ConjugateTensors},
    {"sparse_coo", SparseCooTensors},
    {"sparse_csr", SparseCsrTensors},
    {"mix", MixedTensors},
    {"parameters", Parameters},
    {"training", TrainingState},
    {"views", Views},
    {"replayed_views", ReplayedViews},
    {"chains", Chains},
    {"forest", AliasForest},
    {"shared_storage", SharedStorage},
};

// Removes `suffix` from the end of `name`. Returns false if `name` does not end with it.
bool TakeSuffix(std::string& name, std::string_view suffix) {
  const bool found = name.ends_with(suffix);
  if (found) name.resize(name.size() - suffix.size());
  return found;
}

absl::StatusOr<Graph> MakeInOrder(const std::string& name, Random& random, std::int64_t size) {
  if (name.starts_with(kCheckpoint)) return CheckpointTensors(name.substr(kCheckpoint.size()));
  if (name == "safetensors") return SafetensorsFile(random, size);
  for (const Maker& maker : kMakers) {
    if (maker.name == name) return Graph{.tensors = maker.make(random, size)};
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no graph named ", name));
}

void Shuffle(Random& random, Tensors& tensors) {
  for (std::size_t i = tensors.size(); i > 1; --i) {
    std::swap(tensors[i - 1], tensors[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i)))]);
  }
}

}  // namespace

std::vector<std::string_view> GraphNames() {
  std::vector<std::string_view> names;
  for (const Maker& maker : kMakers) names.push_back(maker.name);
  names.push_back("safetensors");
  return names;
}

absl::StatusOr<Graph> MakeGraph(const GraphSpec& spec) {
  Random random(spec.seed);
  std::string name = spec.name;
  const bool shuffled = TakeSuffix(name, "/shuffled");
  absl::StatusOr<Graph> graph = MakeInOrder(name, random, spec.size);
  if (graph.ok() && shuffled) Shuffle(random, graph->tensors);
  return graph;
}

}  // namespace metaconv
