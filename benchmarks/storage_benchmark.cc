// Benchmarks copying storages. Baseline: memcpy of the same bytes. Copies go into existing memory or into newly
// allocated memory, for a few large storages and for many small ones.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "benchmark/benchmark.h"
#include "c10/core/Storage.h"
#include "converter/storage_path.h"

namespace metaconv {
namespace {

StoragePath& Cpu() { return **StoragePathFor(c10::Device(c10::kCPU)); }

std::vector<c10::Storage> New(std::int64_t count, std::int64_t size) {
  const std::vector<std::int64_t> sizes(static_cast<std::size_t>(count), size);
  std::vector<c10::Storage> storages;
  if (!Cpu().AllocateAll(c10::Device(c10::kCPU), sizes, storages).ok()) std::abort();
  return storages;
}

std::vector<c10::Storage> NewFilled(std::int64_t count, std::int64_t size) {
  std::vector<c10::Storage> storages = New(count, size);
  for (const c10::Storage& storage : storages) std::memset(storage.mutable_data(), 1, storage.nbytes());
  return storages;
}

void CopyByMemcpy(const std::vector<c10::Storage>& from, const std::vector<c10::Storage>& into) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::memcpy(into[i].mutable_data(), from[i].data(), from[i].nbytes());
  }
}

void CopyByPath(const std::vector<c10::Storage>& from, const std::vector<c10::Storage>& into) {
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < from.size(); ++i) copies.push_back({.from = from[i], .into = into[i]});
  if (!Cpu().Copy(copies).ok()) std::abort();
}

using CopyFunction = void (*)(const std::vector<c10::Storage>&, const std::vector<c10::Storage>&);

void IntoWarmMemory(benchmark::State& state, CopyFunction copy) {
  const std::vector<c10::Storage> from = NewFilled(state.range(0), state.range(1));
  const std::vector<c10::Storage> into = NewFilled(state.range(0), state.range(1));
  for (auto _ : state) copy(from, into);
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

// Baseline for a clone: malloc and memcpy, with the same allocator.
void CloneByMemcpy(benchmark::State& state) {
  const std::vector<c10::Storage> from = NewFilled(state.range(0), state.range(1));
  for (auto _ : state) {
    std::vector<c10::Storage> into;
    for (const c10::Storage& storage : from) {
      into.emplace_back(c10::Storage::use_byte_size_t(), storage.nbytes(),
                        storage.allocator()->allocate(storage.nbytes()));
    }
    CopyByMemcpy(from, into);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

// As Materialize copies a model: one call allocates all storages, and one copies all of them.
void Clone(benchmark::State& state) {
  const std::vector<c10::Storage> from = NewFilled(state.range(0), state.range(1));
  for (auto _ : state) CopyByPath(from, New(state.range(0), state.range(1)));
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
}

// Number of storages and their size in bytes: 1 GiB in one storage, 256 MiB in 64, 64 MiB in 16,384.
void Shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"storages", "bytes"})
      ->Args({1, 1 << 30})
      ->Args({64, 4 << 20})
      ->Args({16384, 4 << 10})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(IntoWarmMemory, memcpy, CopyByMemcpy)->Apply(Shapes);
BENCHMARK_CAPTURE(IntoWarmMemory, metaconv, CopyByPath)->Apply(Shapes);
BENCHMARK(CloneByMemcpy)->Apply(Shapes);
BENCHMARK(Clone)->Apply(Shapes);

}  // namespace
}  // namespace metaconv
