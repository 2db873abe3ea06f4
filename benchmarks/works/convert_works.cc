#include "benchmarks/works/convert_works.h"

#include <cstddef>
#include <memory>

#include "ATen/EmptyTensor.h"
#include "absl/container/flat_hash_map.h"
#include "benchmarks/works/by_hand.h"
#include "benchmarks/works/conversion.h"
#include "benchmarks/works/empty_caches.h"
#include "benchmarks/works/outcomes.h"
#include "benchmarks/works/results.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"

namespace metaconv {
namespace {

// Converts each tensor, of which every other one has a result.
Prepare ConvertHalf(const Graph& graph) {
  return [&graph] {
    auto converter = std::make_shared<MetaConverter>();
    auto results = RoomFor<at::Tensor>(graph.tensors.size() * 2);
    for (std::size_t i = 0; i < graph.tensors.size(); i += 2) {
      results->push_back(OrDie(converter->Convert(graph.tensors[i])));
    }
    return [&graph, converter, results] {
      for (const at::Tensor& tensor : graph.tensors) results->push_back(OrDie(converter->Convert(tensor)));
    };
  };
}

// Baseline for ConvertHalf: a hash table of the existing results, and LibTorch's operators for the others.
Prepare MakeHalfByHand(const Graph& graph) {
  auto by_hand = std::make_shared<const ByHand>(graph.tensors);
  auto table = std::make_shared<absl::flat_hash_map<const void*, at::Tensor>>();
  for (std::size_t i = 0; i < graph.tensors.size(); i += 2) {
    table->emplace(graph.tensors[i].unsafeGetTensorImpl(), by_hand->Make(i));
  }
  return [&graph, by_hand, table] {
    auto results = RoomFor<at::Tensor>(graph.tensors.size());
    return [&graph, by_hand, table, results] {
      for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
        const auto found = table->find(graph.tensors[i].unsafeGetTensorImpl());
        results->push_back(found == table->end() ? by_hand->Make(i) : found->second);
      }
    };
  };
}

// Converts each tensor again after its result was destroyed.
Prepare ConvertRemade(const Graph& graph) {
  auto converter = std::make_shared<MetaConverter>();
  for (const at::Tensor& tensor : graph.tensors) OrDie(converter->Convert(tensor));
  return [&graph, converter] {
    auto results = RoomFor<at::Tensor>(graph.tensors.size());
    return [&graph, converter, results] {
      for (const at::Tensor& tensor : graph.tensors) results->push_back(OrDie(converter->Convert(tensor)));
    };
  };
}

std::shared_ptr<std::vector<MetaTensorDescPtr>> RecordsOf(const Graph& graph) {
  MetaTensorDescriber describer;
  auto records = RoomFor<MetaTensorDescPtr>(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) records->push_back(OrDie(describer.DescribeTensor(tensor)));
  return records;
}

// Converts records that were created before.
Prepare ConvertRecords(const Graph& graph) {
  return [records = RecordsOf(graph)] {
    auto converter = std::make_shared<MetaConverter>();
    auto results = RoomFor<at::Tensor>(records->size());
    return [records, converter, results] {
      for (const MetaTensorDescPtr& record : *records) results->push_back(OrDie(converter->MetaTensor(*record)));
    };
  };
}

// The same by one call.
Prepare ConvertAllRecords(const Graph& graph) {
  return [records = RecordsOf(graph)] {
    auto converter = std::make_shared<MetaConverter>();
    auto outcomes = std::make_shared<Outcomes<at::Tensor>>();
    return [records, converter, outcomes] { outcomes->Take(converter->MetaTensors(*records)); };
  };
}

// Baseline: creates the results of at::empty_strided without the dispatcher.
Prepare MakeWithoutDispatcher(const Graph& graph) {
  return [&graph] {
    auto results = RoomFor<at::TensorBase>(graph.tensors.size());
    return [&graph, results] {
      for (const at::Tensor& tensor : graph.tensors) {
        results->push_back(at::detail::empty_strided_meta(tensor.sizes(), tensor.strides(), tensor.scalar_type()));
      }
    };
  };
}

// Runs `setup` with processor caches that are empty when the run starts, so that the first access to each cache line is
// a miss. Neighbours in a cache line are then found in the cache, by the work and by its baseline alike.
std::function<Prepare(const Graph&)> Cold(Prepare (*setup)(const Graph&)) {
  return [setup](const Graph& graph) -> Prepare {
    return [prepare = setup(graph)] {
      Run run = prepare();
      EmptyCaches();
      return run;
    };
  };
}

}  // namespace

std::vector<Work> ConvertWorks() {
  const std::vector<std::string> dense = {"tiny", "tiny/shuffled"};
  const std::vector<std::string> all = {"tiny",       "tiny/shuffled", "training",  "parameters", "sparse_coo",
                                        "sparse_csr", "complex",       "conjugate", "mix"};
  const std::vector<std::string> seen = {"tiny", "tiny/shuffled", "training", "mix"};
  const Work first = {.name = "convert/first",
                      .graphs = all,
                      .floors = {"convert/by_hand", "convert/empty_strided_meta"},
                      .setup = ConvertFirst};
  const Work again = {.name = "convert/again", .graphs = seen, .floors = {"convert/look_up"}, .setup = ConvertAgain};
  const Work again_cold = {.name = "convert/again_cold",
                           .graphs = dense,
                           .floors = {"convert/look_up_cold"},
                           .setup = Cold(ConvertAgain),
                           .slow_to_prepare = true};
  const Work records = {
      .name = "convert/records", .graphs = {"tiny"}, .floors = {"convert/by_hand"}, .setup = ConvertRecords};
  return {
      first,
      ForWholeModel(first, ConvertAllFirst),
      again,
      ForWholeModel(again, ConvertAllAgain),
      again_cold,
      ForWholeModel(again_cold, Cold(ConvertAllAgain)),
      records,
      ForWholeModel(records, ConvertAllRecords),
      {.name = "convert/half", .graphs = {"tiny"}, .floors = {"convert/half_by_hand"}, .setup = ConvertHalf},
      {.name = "convert/remade", .graphs = {"tiny"}, .floors = {"convert/by_hand"}, .setup = ConvertRemade},
      {.name = "convert/half_by_hand", .graphs = {"tiny"}, .setup = MakeHalfByHand},
      {.name = "convert/by_hand", .graphs = all, .setup = MakeByHand},
      {.name = "convert/empty_strided_meta", .graphs = dense, .setup = MakeWithoutDispatcher},
      {.name = "convert/look_up", .graphs = seen, .setup = LookUp},
      {.name = "convert/look_up_cold", .graphs = dense, .setup = Cold(LookUp), .slow_to_prepare = true},
  };
}

}  // namespace metaconv
