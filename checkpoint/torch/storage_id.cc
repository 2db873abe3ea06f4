#include "checkpoint/torch/storage_id.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/io/checked_math.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/torch/torch_types.h"

namespace metaconv {
namespace {

absl::Status Malformed(std::uint64_t offset, std::string_view wanted, std::string_view found) {
  return absl::DataLossError(absl::StrCat("offset ", offset, ": persistent id: expected ", std::string(wanted),
                                          ", found ", std::string(found)));
}

absl::StatusOr<c10::ScalarType> ParseStorageClass(const PickleValue& value, std::uint64_t offset) {
  const PickleGlobal* const global = As<PickleGlobal>(value);
  if (global == nullptr) return Malformed(offset, "a storage class", DescribeKind(value));
  if (global->name == "UntypedStorage" || global->name == "_UntypedStorage") return c10::ScalarType::Byte;
  const std::optional<c10::ScalarType> dtype = StorageClassDtype(global->name);
  if (!dtype.has_value()) return Malformed(offset, "a storage class", global->FullName());
  return *dtype;
}

}  // namespace

absl::StatusOr<StorageId> ParseStorageId(const PicklePersistent& persistent) {
  const std::uint64_t offset = persistent.offset;
  const PickleTuple* const id = As<PickleTuple>(persistent.id);
  if (id == nullptr) return Malformed(offset, "a tuple", DescribeKind(persistent.id));
  const std::vector<PickleValue>& items = id->items;
  const std::string* const kind = items.empty() ? nullptr : AsText(items[0]);
  if (kind == nullptr || *kind != "storage" || items.size() < 5 || items.size() > 6) {
    return Malformed(offset, "('storage', class, key, location, numel)", DescribeKind(persistent.id));
  }
  absl::StatusOr<c10::ScalarType> dtype = ParseStorageClass(items[1], offset);
  if (!dtype.ok()) return dtype.status();
  const std::string* const key = AsText(items[2]);
  if (key == nullptr) return Malformed(offset, "a str as the key", DescribeKind(items[2]));
  const std::string* const location = AsText(items[3]);
  if (location == nullptr) return Malformed(offset, "a str as the location", DescribeKind(items[3]));
  const std::int64_t* const numel = std::get_if<std::int64_t>(&items[4]);
  if (numel == nullptr || *numel < 0) return Malformed(offset, "a number of elements", DescribeKind(items[4]));
  const std::optional<std::int64_t> size_bytes =
      CheckedProduct(*numel, static_cast<std::int64_t>(c10::elementSize(*dtype)));
  if (!size_bytes.has_value()) return Malformed(offset, "a size that fits 64 bits", DescribeKind(items[4]));
  return StorageId{.dtype = *dtype,
                   .key = key,
                   .location = location,
                   .numel = *numel,
                   .size_bytes = *size_bytes,
                   .view = items.size() == 6 ? items[5] : PickleNone{},
                   .offset = offset};
}

absl::StatusOr<c10::Device> StorageDevice(const StorageId& id, const std::optional<c10::Device>& map_location) {
  if (map_location.has_value()) return *map_location;
  const std::optional<c10::Device> device = ParseDevice(*id.location);
  if (!device.has_value()) return Malformed(id.offset, "a device", absl::StrCat("'", *id.location, "'"));
  return *device;
}

}  // namespace metaconv
