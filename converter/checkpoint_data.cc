#include "converter/checkpoint_data.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "c10/core/CPUAllocator.h"
#include "checkpoint/mapped_file.h"
#include "converter/device_storages.h"
#include "converter/placed_storage.h"
#include "converter/storage_path.h"
#include "converter/storage_records.h"
#include "meta/python_repr.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

using Placed = absl::Span<const PlacedStorage>;
using Storages = std::vector<c10::Storage>;

// The name of a tensor on the storage, for error messages. Empty if no tensor is on it.
std::string NameOf(const Checkpoint& checkpoint, MetaStorageId id) {
  for (const NamedTensor& tensor : checkpoint.tensors) {
    const MetaTensorDesc* record = tensor.desc.get();
    const auto storages = StorageRecords(absl::MakeConstSpan(&record, 1), /*elements=*/true);
    if (!storages.ok()) continue;
    for (const MetaStorageDesc& storage : *storages) {
      if (storage.id == id) return absl::StrCat("tensor '", tensor.name, "'");
    }
  }
  return "";
}

// A storage for a part of another storage, which it keeps alive.
c10::Storage Within(const c10::Storage& whole, std::int64_t offset, std::int64_t size) {
  auto* owner = new c10::Storage(whole);
  c10::DataPtr data(
      static_cast<char*>(whole.mutable_data()) + offset, owner,
      [](void* context) { delete static_cast<c10::Storage*>(context); }, whole.device());
  return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size), std::move(data),
                      /*allocator=*/nullptr, /*resizable=*/false);
}

class CheckpointSource final : public DataSource {
 public:
  CheckpointSource(const CheckpointFile& file, CheckpointDataOptions options) : file_(file), options_(options) {}

  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl& control) override {
    for (const PlacedStorage& storage : placed) {
      if (absl::Status status = Check(storage.desc); !status.ok()) return status;
    }
    if (absl::Status status = CheckParts(placed); !status.ok()) return status;
    Storages storages(placed.size());
    if (options_.map && std::any_of(placed.begin(), placed.end(), IsOnCpu)) {
      if (absl::Status status = MapAll(placed, storages); !status.ok()) return status;
    }
    if (absl::Status status = LoadRest(placed, control, storages); !status.ok()) return status;
    return storages;
  }

 private:
  const StorageLocation& LocationOf(const MetaStorageDesc& desc) const {
    return file_.checkpoint().storages[static_cast<std::size_t>(desc.id)];
  }

  absl::Status Check(const MetaStorageDesc& desc) const {
    const auto count = static_cast<std::int64_t>(file_.checkpoint().storages.size());
    if (desc.id < 0 || desc.id >= count || desc.size.maybe_as_int() != LocationOf(desc).size) {
      return absl::InvalidArgumentError(absl::StrCat(file_.path(), ": expected a storage of this file, found ",
                                                     PythonRepr(desc.size), " bytes as storage ", desc.id));
    }
    const StorageBytes bytes = LocationOf(desc).bytes;
    if (bytes == StorageBytes::kPlain || bytes == StorageBytes::kDeflated || LocationOf(desc).size == 0) {
      return absl::OkStatus();
    }
    // Reading one byte returns the error of a storage that cannot be read, before memory is allocated for it.
    char first = 0;
    return Read(desc.id, 0, absl::MakeSpan(&first, 1));
  }

  // A part of another storage shares its memory, so both are on one device.
  absl::Status CheckParts(Placed placed) const {
    const auto differ = [](const PlacedStorage& a, const PlacedStorage& b) { return a.device != b.device; };
    if (std::adjacent_find(placed.begin(), placed.end(), differ) == placed.end()) return absl::OkStatus();
    std::optional<std::size_t> whole;
    for (const std::size_t i : InFileOrder(placed, Storages(placed.size()))) {
      if (!whole.has_value() || !IsWithin(LocationOf(placed[i].desc), LocationOf(placed[*whole].desc))) {
        whole = i;
      } else if (placed[i].device != placed[*whole].device) {
        const auto found = [&](std::size_t at) {
          const MetaStorageId id = placed[at].desc.id;
          return absl::StrCat(placed[at].device.str(), " for storage ", id, " (", NameOf(file_.checkpoint(), id), ")");
        };
        return absl::InvalidArgumentError(absl::StrCat(file_.path(),
                                                       ": expected one device for a storage and its part, found ",
                                                       found(*whole), " and ", found(i)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Read(MetaStorageId id, std::int64_t offset, absl::Span<char> into) const {
    const absl::Status status = file_.Read(id, offset, into);
    if (status.ok()) return status;
    const std::string name = NameOf(file_.checkpoint(), id);
    return name.empty() ? status : WithContext(name, status);
  }

  static bool IsOnCpu(const PlacedStorage& storage) { return storage.device.is_cpu(); }

  absl::Status MapAll(Placed placed, Storages& storages) const {
    const absl::StatusOr<MappedFile> mapped = MappedFile::Map(file_);
    if (!mapped.ok()) return mapped.status();
    for (std::size_t i = 0; i < placed.size(); ++i) {
      const MetaStorageDesc& desc = placed[i].desc;
      if (!IsOnCpu(placed[i]) || !mapped->CanMap(desc.id)) continue;
      absl::StatusOr<c10::DataPtr> data = mapped->Storage(desc.id);
      if (!data.ok()) return data.status();
      const auto size = static_cast<std::size_t>(LocationOf(desc).size);
      storages[i] = c10::Storage(c10::Storage::use_byte_size_t(), size, *std::move(data), c10::GetCPUAllocator(),
                                 /*resizable=*/false);
    }
    return absl::OkStatus();
  }

  // The indices of the storages that are not mapped, in the order of the file. If two begin at the same offset, the
  // larger one comes first.
  std::vector<std::size_t> InFileOrder(Placed placed, const Storages& storages) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (!storages[i]) order.push_back(i);
    }
    const auto place = [&](std::size_t i) {
      const StorageLocation& location = LocationOf(placed[i].desc);
      return std::make_pair(location.offset, -location.size);
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
    return order;
  }

  // The two oldest formats have storages that are parts of other storages and share memory with them.
  bool IsWithin(const StorageLocation& inner, const StorageLocation& outer) const {
    const CheckpointFormat format = file_.checkpoint().format;
    if (format != CheckpointFormat::kTorchLegacy && format != CheckpointFormat::kTorchTar) return false;
    return inner.bytes == StorageBytes::kPlain && outer.bytes == StorageBytes::kPlain && inner.size > 0 &&
           inner.swap_size == outer.swap_size && inner.offset >= outer.offset &&
           inner.offset + inner.size_in_file <= outer.offset + outer.size_in_file;
  }

  absl::Status LoadRest(Placed placed, const LoadControl& control, Storages& storages) const {
    std::vector<PlacedStorage> wanted;
    std::vector<std::size_t> wanted_at;
    std::vector<std::pair<std::size_t, std::size_t>> within;  // Pairs of a storage and the storage that contains it.
    for (const std::size_t i : InFileOrder(placed, storages)) {
      if (!wanted.empty() && IsWithin(LocationOf(placed[i].desc), LocationOf(wanted.back().desc))) {
        within.emplace_back(i, wanted_at.back());
        continue;
      }
      wanted.push_back(placed[i]);
      wanted_at.push_back(i);
    }
    absl::StatusOr<Storages> fresh = AllocateStorages(wanted);
    if (!fresh.ok()) return fresh.status();
    std::vector<StorageLoad> loads;
    loads.reserve(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      storages[wanted_at[i]] = (*fresh)[i];
      loads.push_back(LoadOf(wanted[i].desc, (*fresh)[i]));
    }
    if (absl::Status status = LoadStorages(loads, control); !status.ok()) return status;
    for (const auto& [inner, outer] : within) {
      const StorageLocation& location = LocationOf(placed[inner].desc);
      const auto offset = static_cast<std::int64_t>(location.offset - LocationOf(placed[outer].desc).offset);
      storages[inner] = Within(storages[outer], offset, location.size);
    }
    return absl::OkStatus();
  }

  StorageLoad LoadOf(const MetaStorageDesc& desc, const c10::Storage& into) const {
    const auto read = [this, id = desc.id](std::int64_t offset, absl::Span<char> bytes) {
      return Read(id, offset, bytes);
    };
    StorageLoad load = {
        .into = into, .id = desc.id, .read = read, .in_order = LocationOf(desc).bytes == StorageBytes::kDeflated};
    if (const std::optional<std::int64_t> offset = file_.PlainOffset(desc.id); offset.has_value()) {
      load.file = {.descriptor = file_.descriptor(), .offset = *offset};
    }
    return load;
  }

  const CheckpointFile& file_;
  const CheckpointDataOptions options_;
};

}  // namespace

std::unique_ptr<DataSource> CheckpointData(const CheckpointFile& file, CheckpointDataOptions options) {
  return std::make_unique<CheckpointSource>(file, options);
}

}  // namespace metaconv
