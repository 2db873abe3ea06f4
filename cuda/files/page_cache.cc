#include "cuda/files/page_cache.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace metaconv {
namespace {

std::int64_t PageSize() { return sysconf(_SC_PAGESIZE); }

}  // namespace

std::optional<std::int64_t> CachedBytes(int descriptor, std::int64_t offset, std::int64_t size) {
  const std::optional<std::int64_t> cached = internal::CachedBytesByCachestat(descriptor, offset, size);
  return cached.has_value() ? cached : internal::CachedBytesByMincore(descriptor, offset, size);
}

namespace internal {

std::optional<std::int64_t> CachedBytesByCachestat(int descriptor, std::int64_t offset, std::int64_t size) {
  // <linux/mman.h> of older kernels does not declare these. The number of the call is the same on every architecture.
  constexpr long kCachestat = 451;
  struct Range {
    std::uint64_t offset;
    std::uint64_t size;
  };
  struct Counts {
    std::uint64_t cached;
    std::uint64_t dirty;
    std::uint64_t in_writeback;
    std::uint64_t evicted;
    std::uint64_t recently_evicted;
  };
  const Range range = {static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size)};
  Counts counts = {};
  if (syscall(kCachestat, descriptor, &range, &counts, 0) != 0) return std::nullopt;
  return static_cast<std::int64_t>(counts.cached) * PageSize();
}

std::optional<std::int64_t> CachedBytesByMincore(int descriptor, std::int64_t offset, std::int64_t size) {
  const std::int64_t page = PageSize();
  const std::int64_t begin = offset / page * page;
  const auto length = static_cast<std::size_t>(offset + size - begin);
  void* const mapped = mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(begin));
  if (mapped == MAP_FAILED) return std::nullopt;
  std::vector<unsigned char> states(length / static_cast<std::size_t>(page) + 1);
  const bool is_known = mincore(mapped, length, states.data()) == 0;
  munmap(mapped, length);
  if (!is_known) return std::nullopt;
  // Only the lowest bit of a state has a meaning.
  return page * std::count_if(states.begin(), states.end(), [](unsigned char state) { return (state & 1) != 0; });
}

}  // namespace internal
}  // namespace metaconv
