#include "converter/compare_with_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "converter/pieces.h"
#include "converter/storage_path.h"

namespace metaconv {
namespace {

absl::Status Differs(const CheckpointFile& file, MetaStorageId id, std::int64_t offset, char expected, char found) {
  return absl::DataLossError(absl::StrFormat("%s: storage %d, byte %d: expected 0x%02x, as in the file, found 0x%02x",
                                             file.path(), id, offset, static_cast<unsigned char>(expected),
                                             static_cast<unsigned char>(found)));
}

// The storage itself if it is on the CPU, otherwise a copy on the CPU.
absl::StatusOr<c10::Storage> OnCpu(const c10::Storage& storage, MetaStorageId id) {
  if (storage.device_type() == c10::DeviceType::CPU) return storage;
  const absl::StatusOr<StoragePath*> cpu = StoragePathFor(c10::Device(c10::DeviceType::CPU));
  if (!cpu.ok()) return cpu.status();
  const absl::StatusOr<StoragePath*> path = StoragePathFor(storage.device());
  if (!path.ok()) return path.status();
  absl::StatusOr<c10::Storage> copy =
      (*cpu)->Allocate(c10::Device(c10::DeviceType::CPU), static_cast<std::int64_t>(storage.nbytes()));
  if (!copy.ok()) return copy;
  if (absl::Status status = (*path)->Copy({{.from = storage, .into = *copy, .id = id}}); !status.ok()) return status;
  return copy;
}

absl::Status CompareOnCpu(const CheckpointFile& file, absl::Span<const MetaStorageDesc> descs,
                          absl::Span<const c10::Storage> storages) {
  std::vector<Whole> wholes;
  for (std::size_t i = 0; i < descs.size(); ++i) {
    const StorageLocation& location = file.checkpoint().storages[static_cast<std::size_t>(descs[i].id)];
    wholes.push_back(
        {.size = static_cast<std::int64_t>(storages[i].nbytes()), .in_one = location.bytes == StorageBytes::kDeflated});
  }
  return ForEachPiece(wholes, [&](std::size_t i, std::int64_t begin, std::int64_t size) {
    // Compares in steps, so that a compressed storage is not in memory twice.
    std::vector<char> expected(static_cast<std::size_t>(std::min(size, kPieceSize)));
    for (std::int64_t offset = begin; offset < begin + size; offset += kPieceSize) {
      expected.resize(static_cast<std::size_t>(std::min(kPieceSize, begin + size - offset)));
      if (absl::Status status = file.Read(descs[i].id, offset, absl::MakeSpan(expected)); !status.ok()) return status;
      const auto* found = static_cast<const char*>(storages[i].data()) + offset;
      const auto [at, other] = std::mismatch(expected.begin(), expected.end(), found);
      if (at != expected.end()) return Differs(file, descs[i].id, offset + (at - expected.begin()), *at, *other);
    }
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status CompareWithFile(const CheckpointFile& file, absl::Span<const MetaStorageDesc> descs,
                             absl::Span<const c10::Storage> storages) {
  const bool all_on_cpu = std::all_of(storages.begin(), storages.end(), [](const c10::Storage& storage) {
    return storage.device_type() == c10::DeviceType::CPU;
  });
  if (all_on_cpu) {
    if (absl::Status status = CompareOnCpu(file, descs, storages); !status.ok()) return status;
  }
  for (std::size_t i = 0; i < descs.size(); ++i) {
    if (!all_on_cpu) {
      const absl::StatusOr<c10::Storage> copy = OnCpu(storages[i], descs[i].id);
      if (!copy.ok()) return copy.status();
      if (absl::Status status = CompareOnCpu(file, descs.subspan(i, 1), {*copy}); !status.ok()) return status;
    }
    if (absl::Status status = file.CheckCrc32(descs[i].id); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace metaconv
