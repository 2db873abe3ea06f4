#include "converter/cpu_storage_path.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "converter/copy_overlap.h"
#include "converter/fresh_memory.h"
#include "converter/host_memory.h"
#include "converter/host_storages.h"
#include "converter/load_progress.h"
#include "converter/pieces.h"
#include "meta/checksum.h"

namespace metaconv {
namespace {

static_assert(std::endian::native == std::endian::little, "Checksums require a little-endian machine.");

const bool kRegistered = RegisterStoragePath(c10::DeviceType::CPU, std::make_unique<CpuStoragePath>());

// Returns the address of a piece that is about to be written, after making its pages present. For a piece larger than
// kPieceSize, such as a compressed storage, pages become present as they are written: if the compressed data is
// damaged, the rest is never written.
char* PresentBytes(const c10::Storage& storage, std::int64_t offset, std::int64_t size) {
  char* const bytes = static_cast<char*>(storage.mutable_data()) + offset;
  if (size <= kPieceSize) MakePresent(bytes, size);
  return bytes;
}

const char* ConstBytes(const c10::Storage& storage) { return static_cast<const char*>(storage.data()); }

Whole WholeOf(const c10::Storage& storage, bool in_one = false) {
  return {.size = static_cast<std::int64_t>(storage.nbytes()), .in_one = in_one, .address = storage.data()};
}

std::vector<Whole> Wholes(absl::Span<const c10::Storage> storages) {
  std::vector<Whole> wholes;
  wholes.reserve(storages.size());
  for (const c10::Storage& storage : storages) wholes.push_back(WholeOf(storage));
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
  return available.has_value() && size_bytes > *available ? NoHostMemory(size_bytes) : absl::OkStatus();
}

absl::StatusOr<c10::Storage> CpuStoragePath::Allocate(c10::Device, std::int64_t size_bytes) {
  return AllocateHostStorage(size_bytes);
}

absl::Status CpuStoragePath::AllocateAll(c10::Device, absl::Span<const std::int64_t> sizes,
                                         std::vector<c10::Storage>& storages) {
  return AllocateHostStorages(sizes, storages);
}

absl::Status CpuStoragePath::Zero(absl::Span<const c10::Storage> storages) {
  return ForEachPiece(Wholes(storages), [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    std::memset(PresentBytes(storages[i], offset, size), 0, static_cast<std::size_t>(size));
    return absl::OkStatus();
  });
}

absl::Status CpuStoragePath::Copy(absl::Span<const StorageCopy> copies) {
  if (absl::Status status = CheckNoOverlap(copies); !status.ok()) return status;
  std::vector<Whole> wholes;
  wholes.reserve(copies.size());
  for (const StorageCopy& copy : copies) wholes.push_back(WholeOf(copy.into));
  return ForEachPiece(wholes, [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    std::memcpy(PresentBytes(copies[i].into, offset, size), ConstBytes(copies[i].from) + offset,
                static_cast<std::size_t>(size));
    return absl::OkStatus();
  });
}

absl::Status CpuStoragePath::Load(absl::Span<const StorageLoad> loads, const LoadControl& control) {
  static_assert(kPieceAlignment % kLoadAlignment == 0 && kPieceSize == kHugePageSize);
  std::vector<Whole> wholes;
  wholes.reserve(loads.size());
  std::int64_t total = 0;
  for (const StorageLoad& load : loads) {
    wholes.push_back(WholeOf(load.into, load.in_order));
    total += wholes.back().size;
  }
  LoadProgress progress(control, total);
  return ForEachPiece(wholes, [&](std::size_t i, std::int64_t offset, std::int64_t size) {
    if (absl::Status status = progress.CheckStop(); !status.ok()) return status;
    const absl::Span<char> into(PresentBytes(loads[i].into, offset, size), static_cast<std::size_t>(size));
    if (absl::Status status = loads[i].read(offset, into); !status.ok()) return status;
    return progress.Add(size);
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
