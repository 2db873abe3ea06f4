#include "converter/device_storages.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "converter/load_progress.h"
#include "meta/python_repr.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

using Storages = std::vector<c10::Storage>;

std::int64_t BytesOf(const c10::Storage& storage) { return static_cast<std::int64_t>(storage.nbytes()); }

absl::StatusOr<std::int64_t> SizeOf(const MetaStorageDesc& desc) {
  const std::optional<std::int64_t> size = desc.size.maybe_as_int();
  if (size.has_value() && *size >= 0) return *size;
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": size: expected a number of bytes, found ", PythonRepr(desc.size)));
}

absl::StatusOr<std::int64_t> SumOf(absl::Span<const std::int64_t> sizes) {
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (__builtin_add_overflow(sum, size, &sum)) {
      return absl::InvalidArgumentError("storages: expected fewer than 2^63 bytes in all, found more");
    }
  }
  return sum;
}

// The items with one key, which one call processes, in order.
template <typename Key, typename Item>
struct Group {
  Key key;
  absl::Span<const Item> items;
  std::vector<Item> own;  // `items` are these, unless one group has all items.
};

// The groups are in the order of their first items. There are few different keys, so a linear search is fast enough.
template <typename Key, typename Item, typename KeyOf>
std::vector<Group<Key, Item>> GroupBy(absl::Span<const Item> items, const KeyOf& key_of) {
  std::vector<Group<Key, Item>> groups;
  if (items.empty()) return groups;
  const Key first = key_of(items.front());
  if (std::all_of(items.begin(), items.end(), [&](const Item& item) { return key_of(item) == first; })) {
    groups.push_back({first, items, {}});
    return groups;
  }
  for (const Item& item : items) {
    const Key key = key_of(item);
    auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.key == key; });
    if (found == groups.end()) found = groups.insert(found, {key, {}, {}});
    found->own.push_back(item);
  }
  for (Group<Key, Item>& group : groups) group.items = group.own;
  return groups;
}

// The storages of one device.
struct DeviceAllocation {
  c10::Device device;
  StoragePath* path;
  std::vector<std::size_t> places;  // Indices of the storages.
  std::vector<std::int64_t> sizes;
};

absl::StatusOr<std::vector<DeviceAllocation>> ByDevice(absl::Span<const PlacedStorage> placed) {
  std::vector<std::size_t> indices(placed.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  const auto groups = GroupBy<c10::Device, std::size_t>(indices, [&](std::size_t i) { return placed[i].device; });
  std::vector<DeviceAllocation> allocations;
  for (const Group<c10::Device, std::size_t>& group : groups) {
    const absl::StatusOr<StoragePath*> path = StoragePathFor(group.key);
    if (!path.ok()) return path.status();
    allocations.push_back({group.key, *path, {group.items.begin(), group.items.end()}, {}});
    for (const std::size_t i : group.items) {
      const absl::StatusOr<std::int64_t> size = SizeOf(placed[i].desc);
      if (!size.ok()) return size.status();
      allocations.back().sizes.push_back(*size);
    }
  }
  return allocations;
}

}  // namespace

absl::StatusOr<Storages> AllocateStorages(absl::Span<const PlacedStorage> placed) {
  const absl::StatusOr<std::vector<DeviceAllocation>> allocations = ByDevice(placed);
  if (!allocations.ok()) return allocations.status();
  for (const DeviceAllocation& allocation : *allocations) {
    const absl::StatusOr<std::int64_t> all = SumOf(allocation.sizes);
    if (!all.ok()) return all.status();
    if (absl::Status status = allocation.path->CheckRoom(allocation.device, *all); !status.ok()) return status;
  }
  Storages storages(placed.size());
  for (const DeviceAllocation& allocation : *allocations) {
    Storages of_device;
    of_device.reserve(allocation.sizes.size());
    absl::Status status = allocation.path->AllocateAll(allocation.device, allocation.sizes, of_device);
    if (!status.ok()) {
      return WithContext(absl::StrCat("storage ", placed[allocation.places[of_device.size()]].desc.id), status);
    }
    for (std::size_t i = 0; i < of_device.size(); ++i) storages[allocation.places[i]] = std::move(of_device[i]);
  }
  return storages;
}

absl::Status ZeroStorages(absl::Span<const c10::Storage> storages) {
  const auto groups = GroupBy<c10::DeviceType, c10::Storage>(
      storages, [](const c10::Storage& storage) { return storage.device_type(); });
  for (const Group<c10::DeviceType, c10::Storage>& group : groups) {
    const absl::StatusOr<StoragePath*> path = StoragePathFor(group.items.front().device());
    if (!path.ok()) return path.status();
    if (absl::Status status = (*path)->Zero(group.items); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LoadStorages(absl::Span<const StorageLoad> loads, const LoadControl& control) {
  std::int64_t total = 0;
  for (const StorageLoad& load : loads) total += BytesOf(load.into);
  const auto groups =
      GroupBy<c10::DeviceType, StorageLoad>(loads, [](const StorageLoad& load) { return load.into.device_type(); });
  std::int64_t before = 0;  // The bytes of the groups that are loaded.
  for (const Group<c10::DeviceType, StorageLoad>& group : groups) {
    const absl::StatusOr<StoragePath*> path = StoragePathFor(group.items.front().into.device());
    if (!path.ok()) return path.status();
    LoadControl of_group = {.stop = control.stop};
    if (control.progress != nullptr) {
      of_group.progress = [&, before](std::int64_t done, std::int64_t) { control.progress(before + done, total); };
    }
    if (absl::Status status = (*path)->Load(group.items, of_group); !status.ok()) return status;
    for (const StorageLoad& load : group.items) before += BytesOf(load.into);
  }
  return absl::OkStatus();
}

absl::Status CopyStorages(absl::Span<const StorageCopy> copies, const LoadControl& control) {
  constexpr std::int64_t kBatch = std::int64_t{64} << 20;
  const bool in_batches = control.progress != nullptr || control.stop.stop_possible();
  std::int64_t total = 0;
  for (const StorageCopy& copy : copies) total += BytesOf(copy.into);
  LoadProgress progress(control, total);

  using Types = std::pair<c10::DeviceType, c10::DeviceType>;
  const auto groups = GroupBy<Types, StorageCopy>(
      copies, [](const StorageCopy& copy) { return Types(copy.from.device_type(), copy.into.device_type()); });
  for (const Group<Types, StorageCopy>& group : groups) {
    // The path of the device that is not the CPU, if there is one.
    const StorageCopy& first = group.items.front();
    const absl::StatusOr<StoragePath*> path =
        StoragePathFor(first.into.device().is_cpu() ? first.from.device() : first.into.device());
    if (!path.ok()) return path.status();
    for (std::size_t begin = 0; begin < group.items.size();) {
      std::size_t end = begin;
      std::int64_t bytes = 0;
      while (end < group.items.size() && (bytes < kBatch || !in_batches)) bytes += BytesOf(group.items[end++].into);
      if (absl::Status status = progress.CheckStop(); !status.ok()) return status;
      absl::Status status = (*path)->Copy(group.items.subspan(begin, end - begin));
      if (!status.ok()) return status;
      if (status = progress.Add(bytes); !status.ok()) return status;
      begin = end;
    }
  }
  return absl::OkStatus();
}

}  // namespace metaconv
