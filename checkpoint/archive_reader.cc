#include "checkpoint/archive_reader.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/byte_source.h"
#include "checkpoint/limits.h"
#include "checkpoint/located_status.h"
#include "checkpoint/pickle_value.h"
#include "checkpoint/refuse_commands.h"
#include "checkpoint/storage_id.h"
#include "checkpoint/storage_table.h"
#include "checkpoint/unpickler.h"
#include "checkpoint/zip_archive.h"

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

absl::StatusOr<PickleValue> ArchiveReader::ReadPickle(std::string_view name, std::string_view records) {
  const std::string member_name = MemberName(name);
  const ZipMember* const member = archive_.Find(member_name);
  if (member == nullptr) return Within(MemberPlace(member_name), absl::DataLossError("is missing"));
  absl::StatusOr<Unpickled> pickle = UnpickleMember(*member);
  if (!pickle.ok()) return Within(MemberPlace(member_name), pickle.status());
  if (absl::Status status = ResolveStorages(*pickle, records); !status.ok()) {
    return Within(MemberPlace(member_name), status);
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
  // To the end, and one byte on: there libzip checks the sum of all bytes.
  if (absl::Status status = reader.Skip(reader.remaining()); !status.ok()) return status;
  char beyond = 0;
  absl::StatusOr<std::size_t> got = (*source)->Read(&beyond, 1);
  if (!got.ok()) return got.status();
  if (*got != 0) return absl::DataLossError(absl::StrCat("is longer than the ", member.size, " bytes it claims"));
  return pickle;
}

absl::Status ArchiveReader::ResolveStorages(const Unpickled& pickle, std::string_view records) {
  absl::flat_hash_map<std::string, TypedStorage> by_key;
  for (const PicklePersistent* const persistent : pickle.persistent) {
    absl::StatusOr<StorageId> id = ParseStorageId(*persistent);
    if (!id.ok()) return id.status();
    if (absl::Status status = CheckRecord(*id, records); !status.ok()) return status;
    absl::StatusOr<c10::Device> device = StorageDevice(*id, map_location_);
    if (!device.ok()) return device.status();
    const auto [found, is_new] = by_key.try_emplace(*id->key);
    TypedStorage storage{.storage = found->second.storage, .dtype = id->dtype};
    // A record without data may be referred to under dtypes that disagree on its length: each gets a storage of its
    // own, as in Python.
    if (is_new || found->second.storage->size_bytes != id->size_bytes) {
      storage.storage = storages_.New(*device, id->size_bytes);
    }
    if (is_new) found->second = storage;
    storages_.Set(persistent, storage);
  }
  return absl::OkStatus();
}

absl::Status ArchiveReader::CheckRecord(const StorageId& id, std::string_view records) const {
  const std::string name = MemberName(absl::StrCat(std::string(records), "/", *id.key));
  const ZipMember* const member = archive_.Find(name);
  if (member == nullptr) {
    // Storages on the meta device have no record, and TorchScript does not look for the record of an empty one.
    const bool has_data = id.numel > 0 && *id.location != "meta";
    if (!has_data) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("offset ", id.offset, ": expected ", MemberPlace(name), ", found none"));
  }
  // A storage that is no multiple of the element size has a few bytes more than its elements.
  const std::uint64_t item_size = c10::elementSize(id.dtype);
  if (*id.location == "meta" || member->size / item_size == static_cast<std::uint64_t>(id.numel))
    return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("offset ", id.offset, ": expected ", id.size_bytes, " bytes in ",
                                          MemberPlace(name), ", found ", member->size));
}

}  // namespace metaconv
