#include "benchmarks/memory.h"

#include <malloc.h>

#include <vector>

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

// Bytes per tensor that are allocated by `count` calls of `make(i)`, while `results` holds their results.
template <typename Make>
double BytesPerTensor(std::size_t count, Tensors& results, Make make) {
  results.reserve(count);
  const double before = BytesInUse();
  for (std::size_t i = 0; i < count; ++i) results.push_back(make(i));
  return (BytesInUse() - before) / static_cast<double>(count);
}

}  // namespace

MemoryPerTensor MeasureMemory(const GraphSpec& spec) {
  MemoryPerTensor memory;
  MetaConverter converter;
  {
    // Allocates everything that is allocated only once per process.
    const Graph few = OrDie(MakeGraph({.name = spec.name, .seed = spec.seed, .size = 100}));
    for (const at::Tensor& tensor : few.tensors) OrDie(converter.Convert(tensor));
  }
  converter.Sweep();

  const double start = BytesInUse();
  Tensors sources = OrDie(MakeGraph(spec)).tensors;
  const auto count = static_cast<double>(sources.size());
  memory.sources = (BytesInUse() - start) / count;
  {
    const ByHand by_hand(sources);
    Tensors results;
    memory.results = BytesPerTensor(sources.size(), results, [&](std::size_t i) { return by_hand.Make(i); });
  }
  {
    Tensors results;
    const double all =
        BytesPerTensor(sources.size(), results, [&](std::size_t i) { return OrDie(converter.Convert(sources[i])); });
    memory.alive = all - memory.results;
  }
  Tensors().swap(sources);
  converter.Sweep();
  memory.dropped = (BytesInUse() - start) / count;
  return memory;
}

}  // namespace metaconv
