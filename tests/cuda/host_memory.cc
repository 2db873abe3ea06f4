#include "tests/cuda/host_memory.h"

#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

std::string Describe(const Work& work, bool writes) {
  return absl::StrCat(work.name, " on ", Name(work.stream), writes ? " writes" : " reads");
}

}  // namespace

char* HostMemory::Allocate(std::int64_t size, StreamKey owner, std::uint64_t owned_after) {
  Block& block = New(size);
  block.device = owner.first;
  block.owner = owner;
  block.owned_after = owned_after;
  return block.bytes.get();
}

char* HostMemory::AllocatePinned(std::int64_t size) {
  Block& block = New(size);
  block.is_pinned = true;
  return block.bytes.get();
}

HostMemory::Block& HostMemory::New(std::int64_t size) {
  auto* bytes = static_cast<char*>(::operator new(static_cast<std::size_t>(size), std::align_val_t(kAlignment)));
  std::memset(bytes, kUnwritten, static_cast<std::size_t>(size));
  Block& block = blocks_[reinterpret_cast<std::uintptr_t>(bytes)];
  block = Block();
  block.bytes.reset(bytes);
  block.size = size;
  return block;
}

HostMemory::Block* HostMemory::Find(const char* bytes, std::int64_t size) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes);
  auto it = blocks_.upper_bound(begin);
  if (it == blocks_.begin()) return nullptr;
  --it;
  const bool fits = begin + static_cast<std::uint64_t>(size) <= it->first + static_cast<std::uint64_t>(it->second.size);
  return fits ? &it->second : nullptr;
}

void HostMemory::Free(const char* begin, Clock known) {
  Block& block = Get(begin);
  for (const PastAccess& access : block.accesses) {
    if (At(known, access.work.stream) < access.work.number) ReportFreed(block, access.work, access.writes);
  }
  block.freed = std::move(known);
}

void HostMemory::RemoveFreed() {
  std::erase_if(blocks_, [](const auto& entry) { return entry.second.freed.has_value(); });
}

void HostMemory::ReportFreed(const Block& block, const Work& work, bool writes) {
  Report(absl::StrCat(Describe(work, writes), block.is_pinned ? " pinned" : " device", " memory that was freed"));
}

bool HostMemory::Access(const Work& work, const char* bytes, std::int64_t size, c10::DeviceIndex device, bool writes) {
  const std::string doing = Describe(work, writes);
  Block* block = Find(bytes, size);
  if (block == nullptr) {
    Report(absl::StrCat(doing, " outside of memory"));
    return false;
  }
  if (!block->is_pinned && block->device != device && !peers_.contains({device, block->device})) {
    Report(absl::StrCat(doing, " memory of cuda:", static_cast<int>(block->device)));
  }
  if (block->freed.has_value() && At(*block->freed, work.stream) < work.number) ReportFreed(*block, work, writes);
  if (work.stream != block->owner && At(work.clock, block->owner) < block->owned_after) {
    Report(absl::StrCat(doing, " device memory that earlier work on ", Name(block->owner),
                        " may use, with no event between"));
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes);
  const std::uintptr_t end = begin + static_cast<std::uint64_t>(size);
  for (const PastAccess& other : block->accesses) {
    if (other.work.stream == work.stream || !(other.writes || writes)) continue;
    if (other.end <= begin || end <= other.begin) continue;
    const bool is_ordered =
        At(work.clock, other.work.stream) >= other.work.number || At(other.work.clock, work.stream) >= work.number;
    if (!is_ordered) {
      Report(absl::StrCat(doing, " what ", Describe(other.work, other.writes), ", with no event between"));
    }
  }
  block->accesses.push_back({.begin = begin, .end = end, .writes = writes, .work = work});
  return true;
}

}  // namespace metaconv
