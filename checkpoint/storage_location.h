// StorageLocation: where the bytes of a storage lie in a checkpoint file, and in what form.
//
// Example:
//   const StorageLocation& location = file.checkpoint().storages[tensor.desc->storage->id];
//   if (location.bytes == StorageBytes::kPlain && location.swap_size == 1) …   // Can be used as they lie in the file.
//
// Thread safety: a plain value.
// Lifetime: independent of the file.

#ifndef METACONV_CHECKPOINT_STORAGE_LOCATION_H_
#define METACONV_CHECKPOINT_STORAGE_LOCATION_H_

#include <cstdint>
#include <optional>
#include <string>

namespace metaconv {

enum class StorageBytes {
  kPlain,     // In the file as they are: can be read from anywhere.
  kDeflated,  // Compressed: can be read in order only.
  kNone,      // There are none: the storage is on the meta device.
  kComputed,  // Made while Python loads the file, out of an array in the pickle or as a converted copy: not read here.
};

struct StorageLocation {
  StorageBytes bytes = StorageBytes::kComputed;
  std::int64_t size = 0;  // Of the storage. One of no bytes is kPlain, at no particular offset.

  // The bytes of the file that the storage is made of. A kPlain storage has as many as its size. The views that the two
  // oldest formats have lie inside of other storages.
  std::uint64_t offset = 0;
  std::uint64_t size_in_file = 0;

  // Runs of this many bytes are to be reversed, to be in this machine's order; 1: none are. A last run that is shorter
  // stays as it is.
  int swap_size = 1;

  // The size of the largest element that a tensor on the storage has.
  int alignment = 1;

  // Of the zip or tar archive, for messages; empty in other formats.
  std::string member;

  // Of the bytes before they are swapped. Absent where the file has none for just this storage: see
  // ZipArchive::has_checksums.
  std::optional<std::uint32_t> crc32;

  friend bool operator==(const StorageLocation&, const StorageLocation&) = default;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_STORAGE_LOCATION_H_
