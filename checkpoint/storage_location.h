// StorageLocation: the position and the encoding of the bytes of a storage in a checkpoint file.
//
// Example:
//   const StorageLocation& location = file.checkpoint().storages[tensor.desc->storage->id];
//   if (location.bytes == StorageBytes::kPlain && location.swap_size == 1) …   // Can be used without conversion.
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
  kPlain,     // Not compressed: can be read from any offset.
  kDeflated,  // Compressed: must be read in order.
  kNone,      // The storage is on the meta device and has no bytes.
  kComputed,  // Python computes them when it loads the file, from an array in the pickle or by a conversion.
};

struct StorageLocation {
  StorageBytes bytes = StorageBytes::kComputed;
  std::int64_t size = 0;  // Of the storage. A storage of size 0 is kPlain, and its offset has no meaning.

  // The range in the file. For kPlain, size_in_file equals the size. In the two oldest formats of torch.save a storage
  // can be a view of another one; its range is then inside that of the other.
  std::uint64_t offset = 0;
  std::uint64_t size_in_file = 0;

  // The number of bytes to reverse as one group to convert the elements to this machine's byte order; 1: no conversion.
  // An incomplete last group is not changed.
  int swap_size = 1;

  // The size of the largest element of the tensors on this storage.
  int alignment = 1;

  // The member of the zip or tar archive, for messages; empty in other formats.
  std::string member;

  // Of the decompressed bytes in the byte order of the file. Absent if the file has no CRC-32 of exactly these bytes;
  // see ZipArchive::has_checksums.
  std::optional<std::uint32_t> crc32;

  friend bool operator==(const StorageLocation&, const StorageLocation&) = default;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_STORAGE_LOCATION_H_
