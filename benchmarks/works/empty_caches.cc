#include "benchmarks/works/empty_caches.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "benchmark/benchmark.h"

namespace metaconv {
namespace {

constexpr long kAtLeast = 32 << 20;  // Used if the system does not report the cache size.

}  // namespace

void EmptyCaches() {
  static std::vector<char>& bytes =
      *new std::vector<char>(static_cast<std::size_t>(2 * std::max(kAtLeast, sysconf(_SC_LEVEL3_CACHE_SIZE))));
  for (std::size_t i = 0; i < bytes.size(); i += 64) ++bytes[i];
  benchmark::ClobberMemory();
}

}  // namespace metaconv
