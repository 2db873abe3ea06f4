#include "converter/cpu_storage_path.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "c10/core/CPUAllocator.h"
#include "converter/checksum.h"
#include "converter/host_memory.h"
#include "converter/pieces.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

static_assert(std::endian::native == std::endian::little, "Checksums require a little-endian machine.");

const bool kRegistered = RegisterStoragePath(c10::DeviceType::CPU, std::make_unique<CpuStoragePath>());

absl::Status NoRoom(std::int64_t wanted) {
  const std::optional<std::int64_t> available = AvailableHostMemory();
  return absl::ResourceExhaustedError(
      absl::StrCat("device cpu: expected room for ", wanted, " bytes, found ",
                   available.has_value() ? absl::StrCat(*available, " bytes free") : "not enough"));
}

// The first write to each page of new memory causes a page fault, which takes longer than writing the page. Advises the
// kernel to use 2 MiB pages for the part of the memory that is aligned to them; this does not increase memory use.
void UseHugePages(void* memory, std::int64_t size_bytes) {
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + kHugePage - 1) & ~(kHugePage - 1);
  const auto end =
      (reinterpret_cast<std::uintptr_t>(memory) + static_cast<std::uintptr_t>(size_bytes)) & ~(kHugePage - 1);
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // Advice only: may fail.
}

char* Bytes(const c10::Storage& storage) { return static_cast<char*>(storage.mutable_data()); }
const char* ConstBytes(const c10::Storage& storage) { return static_cast<const char*>(storage.data()); }

std::vector<Whole> Wholes(absl::Span<const c10::Storage> storages) {
  std::vector<Whole> wholes;
  for (const c10::Storage& storage : storages) wholes.push_back({.size = static_cast<std::int64_t>(storage.nbytes())});
  return wholes;
}

// The sum of the checksum terms of a piece that starts at a multiple of 8 bytes.
std::uint64_t TermsOf(const char* bytes, std::int64_t offset, std::int64_t size) {
  constexpr std::int64_t kWord = sizeof(std::uint64_t);
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < size; i += kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + offset + i, static_cast<std::size_t>(std::min(kWord, size - i)));
    sum += ChecksumTerm(word, static_cast<std::uint64_t>((offset + i) / kWord));
  }
  return sum;
}

}  // namespace

absl::Status CpuStoragePath::CheckRoom(c10::Device, std::int64_t size_bytes) {
  const std::optional<std::int64_t> available = AvailableHostMemory();
  return available.has_value() && size_bytes > *available ? NoRoom(size_bytes) : absl::OkStatus();
}

absl::StatusOr<c10::Storage> CpuStoragePath::Allocate(c10::Device, std::int64_t size_bytes) {
  const auto size = static_cast<std::size_t>(size_bytes);
  absl::StatusOr<c10::DataPtr> data = CatchTorch(
      "allocating", [&]() -> absl::StatusOr<c10::DataPtr> { return c10::GetCPUAllocator()->allocate(size); });
  if (!data.ok()) return NoRoom(size_bytes);
  UseHugePages(data->get(), size_bytes);
  return c10::Storage(c10::Storage::use_byte_size_t(), size, *std::move(data), c10::GetCPUAllocator(),
                      /*resizable=*/true);
}

absl::Status CpuStoragePath::Zero(absl::Span<const c10::Storage> storages) {
  return ForEachPiece(Wholes(storages), [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    std::memset(Bytes(storages[i]) + offset, 0, static_cast<std::size_t>(size));
    return absl::OkStatus();
  });
}

absl::Status CpuStoragePath::Copy(absl::Span<const StorageCopy> copies) {
  std::vector<Whole> wholes;
  for (const StorageCopy& copy : copies) wholes.push_back({.size = static_cast<std::int64_t>(copy.into.nbytes())});
  return ForEachPiece(wholes, [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    std::memcpy(Bytes(copies[i].into) + offset, ConstBytes(copies[i].from) + offset, static_cast<std::size_t>(size));
    return absl::OkStatus();
  });
}

absl::Status CpuStoragePath::Load(absl::Span<const StorageLoad> loads) {
  static_assert(kPieceSize % kLoadAlignment == 0);
  std::vector<Whole> wholes;
  for (const StorageLoad& load : loads) {
    wholes.push_back({.size = static_cast<std::int64_t>(load.into.nbytes()), .in_one = load.in_order});
  }
  return ForEachPiece(wholes, [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    return loads[i].read(offset, {Bytes(loads[i].into) + offset, static_cast<std::size_t>(size)});
  });
}

absl::StatusOr<std::vector<std::uint64_t>> CpuStoragePath::Checksums(absl::Span<const c10::Storage> storages) {
  std::vector<std::atomic<std::uint64_t>> sums(storages.size());
  absl::Status status = ForEachPiece(Wholes(storages), [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    sums[i].fetch_add(TermsOf(ConstBytes(storages[i]), offset, size), std::memory_order_relaxed);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  std::vector<std::uint64_t> checksums;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    checksums.push_back(sums[i].load(std::memory_order_relaxed) + ChecksumOfLength(storages[i].nbytes()));
  }
  return checksums;
}

}  // namespace metaconv
