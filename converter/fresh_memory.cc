#include "converter/fresh_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace metaconv {
namespace {

std::uintptr_t SmallPageSize() {
  static const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// A range of addresses that begins and ends at a multiple of a page size.
struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;

  bool empty() const { return begin >= end; }
  void Advise(int advice) const { madvise(reinterpret_cast<void*>(begin), end - begin, advice); }
};

std::uintptr_t RoundDown(std::uintptr_t address, std::uintptr_t page) { return address & ~(page - 1); }
std::uintptr_t RoundUp(std::uintptr_t address, std::uintptr_t page) { return RoundDown(address + page - 1, page); }

Range WholePages(const void* memory, std::int64_t size_bytes, std::uintptr_t page) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  return {RoundUp(begin, page), RoundDown(begin + static_cast<std::uintptr_t>(size_bytes), page)};
}

bool IsPresent(std::uintptr_t address) {
  unsigned char present = 0;
  void* const page = reinterpret_cast<void*>(RoundDown(address, SmallPageSize()));
  return mincore(page, 1, &present) != 0 || (present & 1) != 0;
}

}  // namespace

void UseHugePages(void* memory, std::int64_t size_bytes) {
  const Range pages = WholePages(memory, size_bytes, static_cast<std::uintptr_t>(kHugePageSize));
  if (!pages.empty()) pages.Advise(MADV_HUGEPAGE);
}

void MakePresent(void* memory, std::int64_t size_bytes) {
  constexpr std::int64_t kWorthACall = std::int64_t{128} << 10;
  if (size_bytes < kWorthACall) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t end = begin + static_cast<std::uintptr_t>(size_bytes);
  if (IsPresent(begin + (end - begin) / 2)) return;
  constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, which headers older than Linux 5.14 do not define.
  Range{RoundDown(begin, SmallPageSize()), RoundUp(end, SmallPageSize())}.Advise(kPopulateWrite);
}

void GiveBackPages(void* memory, std::int64_t size_bytes) {
  const Range pages = WholePages(memory, size_bytes, SmallPageSize());
  if (!pages.empty()) pages.Advise(MADV_DONTNEED);
}

}  // namespace metaconv
