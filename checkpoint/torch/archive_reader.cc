#include "checkpoint/torch/archive_reader.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/io/byte_order.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/zip_archive.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/pickle/unpickler.h"
#include "checkpoint/storage_location.h"
#include "checkpoint/torch/refuse_commands.h"
#include "checkpoint/torch/storage_id.h"
#include "checkpoint/torch/storage_table.h"
#include "meta/with_context.h"

namespace metaconv {

std::string ArchiveFolder(const ZipArchive& archive) {
  if (archive.members().empty()) return "";
  const std::string& first = archive.members().front().name;
  const std::size_t slash = first.find('/');
  return slash == std::string::npos ? "" : first.substr(0, slash);
}

std::string ArchiveReader::MemberName(std::string_view name) const {
  return absl::StrCat(folder_, "/", std::string(name));
}

absl::StatusOr<PickleValue> ArchiveReader::ReadPickle(std::string_view name, std::string_view records,
                                                      std::endian order) {
  const std::string member_name = MemberName(name);
  const ZipMember* const member = archive_.Find(member_name);
  if (member == nullptr) return WithContext(MemberPlace(member_name), absl::DataLossError("is missing"), ", ");
  absl::StatusOr<Unpickled> pickle = UnpickleMember(*member);
  if (!pickle.ok()) return WithContext(MemberPlace(member_name), pickle.status(), ", ");
  if (absl::Status status = ResolveStorages(*pickle, records, order); !status.ok()) {
    return WithContext(MemberPlace(member_name), status, ", ");
  }
  return pickle->root;
}

absl::StatusOr<Unpickled> ArchiveReader::UnpickleMember(const ZipMember& member) {
  if (member.size > kLimits.pickle_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("expected at most ", kLimits.pickle_bytes, " bytes, found ", member.size));
  }
  absl::StatusOr<std::unique_ptr<ByteSource>> source = archive_.OpenMember(member);
  if (!source.ok()) return source.status();
  ByteReader reader(**source, member.size);
  absl::StatusOr<Unpickled> pickle = Unpickle(reader, heap_);
  if (!pickle.ok()) return pickle;
  if (absl::Status status = RefuseCommands(heap_); !status.ok()) return status;
  // Reads to the end of the member, where the source verifies the CRC-32.
  if (absl::Status status = reader.Skip(reader.remaining()); !status.ok()) return status;
  if (absl::Status status = ExpectEnd(**source); !status.ok()) return status;
  return pickle;
}

absl::Status ArchiveReader::ResolveStorages(const Unpickled& pickle, std::string_view records, std::endian order) {
  absl::flat_hash_map<absl::string_view, TypedStorage> by_key;  // Borrows the keys from the pickle.
  by_key.reserve(pickle.persistent.size());
  for (const PicklePersistent* const persistent : pickle.persistent) {
    absl::StatusOr<StorageId> id = ParseStorageId(*persistent);
    if (!id.ok()) return id.status();
    absl::StatusOr<const ZipMember*> record = FindRecord(*id, records);
    if (!record.ok()) return record.status();
    absl::StatusOr<c10::Device> device = StorageDevice(*id, options_.map_location);
    if (!device.ok()) return device.status();
    const auto [found, is_new] = by_key.try_emplace(*id->key);
    TypedStorage storage{.storage = found->second.storage, .dtype = id->dtype};
    // References to a record without data may have dtypes that give it different sizes. As in Python, each then gets
    // its own storage.
    if (is_new || found->second.storage->size_bytes != id->size_bytes) {
      storage.storage = storages_.New(*device, id->size_bytes);
      if (options_.locate_storages) {
        absl::StatusOr<StorageLocation> location = Locate(*id, *record);
        if (!location.ok()) return location.status();
        storage.storage->location = *std::move(location);
        storage.storage->location.swap_size = SwapSize(id->dtype, order);
      }
    }
    if (is_new) found->second = storage;
    storages_.Set(persistent, storage);
  }
  return absl::OkStatus();
}

absl::StatusOr<const ZipMember*> ArchiveReader::FindRecord(const StorageId& id, std::string_view records) const {
  const std::string name = absl::StrCat(folder_, "/", absl::string_view(records.data(), records.size()), "/", *id.key);
  const ZipMember* const member = archive_.Find(name);
  if (member == nullptr) {
    // Storages on the meta device have no record, and TorchScript does not read the record of an empty storage.
    const bool has_data = id.numel > 0 && *id.location != "meta";
    if (!has_data) return nullptr;
    return absl::DataLossError(absl::StrCat("offset ", id.offset, ": expected ", MemberPlace(name), ", found none"));
  }
  // If the size of the storage is not a multiple of the element size, the record is longer than the elements.
  const std::uint64_t item_size = c10::elementSize(id.dtype);
  if (*id.location == "meta" || member->size / item_size == static_cast<std::uint64_t>(id.numel)) return member;
  return absl::DataLossError(absl::StrCat("offset ", id.offset, ": expected ", id.size_bytes, " bytes in ",
                                          MemberPlace(name), ", found ", member->size));
}

absl::StatusOr<StorageLocation> ArchiveReader::Locate(const StorageId& id, const ZipMember* record) const {
  StorageLocation location;
  if (*id.location == "meta" || record == nullptr) {
    location.bytes = StorageBytes::kNone;
    return location;
  }
  absl::StatusOr<std::uint64_t> offset = archive_.Locate(*record);
  if (!offset.ok()) {
    return WithContext(absl::StrCat("offset ", id.offset),
                       WithContext(MemberPlace(record->name), offset.status(), ", "));
  }
  location.bytes = record->IsStored() ? StorageBytes::kPlain : StorageBytes::kDeflated;
  location.offset = *offset;
  location.size_in_file = record->IsStored() ? static_cast<std::uint64_t>(id.size_bytes) : record->compressed_size;
  location.member = record->name;
  if (archive_.has_checksums() && record->size == static_cast<std::uint64_t>(id.size_bytes)) {
    location.crc32 = record->crc32;
  }
  return location;
}

}  // namespace metaconv
