#include "benchmarks/memory.h"

#include <malloc.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/works/by_hand.h"
#include "benchmarks/works/work.h"
#include "converter/meta_converter.h"

namespace metaconv {
namespace {

double BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

using Tensors = std::vector<at::Tensor>;

// Bytes per tensor that are allocated by `make()`, while the results that it returns are alive, without their vector.
template <typename Make>
double BytesPerTensor(Make make) {
  const double before = BytesInUse();
  const Tensors results = make();
  const double vector = static_cast<double>(results.capacity() * sizeof(at::Tensor));
  return (BytesInUse() - before - vector) / static_cast<double>(results.size());
}

Tensors MakeAll(const ByHand& by_hand, std::size_t count) {
  Tensors results;
  results.reserve(count);
  for (std::size_t i = 0; i < count; ++i) results.push_back(by_hand.Make(i));
  return results;
}

Tensors ConvertEach(MetaConverter& converter, const Tensors& sources) {
  Tensors results;
  results.reserve(sources.size());
  for (const at::Tensor& tensor : sources) results.push_back(OrDie(converter.Convert(tensor)));
  return results;
}

Tensors ConvertAll(MetaConverter& converter, const Tensors& sources) {
  Tensors results;
  results.reserve(sources.size());
  for (absl::StatusOr<at::Tensor>& result : converter.Convert(sources)) results.push_back(OrDie(std::move(result)));
  return results;
}

}  // namespace

MemoryPerTensor MeasureMemory(const GraphSpec& spec) {
  MemoryPerTensor memory;
  MetaConverter one_by_one;
  MetaConverter all_at_once;
  {
    // Allocates everything that is allocated only once per process.
    const Graph few = OrDie(MakeGraph({.name = spec.name, .seed = spec.seed, .size = 100}));
    ConvertEach(one_by_one, few.tensors);
    ConvertAll(all_at_once, few.tensors);
  }
  one_by_one.Sweep();
  all_at_once.Sweep();

  const double start = BytesInUse();
  Tensors sources = OrDie(MakeGraph(spec)).tensors;
  const auto count = static_cast<double>(sources.size());
  memory.sources = (BytesInUse() - start) / count;
  {
    const ByHand by_hand(sources);
    memory.results = BytesPerTensor([&] { return MakeAll(by_hand, sources.size()); });
  }
  memory.alive = BytesPerTensor([&] { return ConvertEach(one_by_one, sources); }) - memory.results;
  memory.alive_all = BytesPerTensor([&] { return ConvertAll(all_at_once, sources); }) - memory.results;
  Tensors().swap(sources);
  one_by_one.Sweep();
  all_at_once.Sweep();
  memory.dropped = (BytesInUse() - start) / count;
  return memory;
}

}  // namespace metaconv
