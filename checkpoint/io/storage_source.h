// OpenStorage: the bytes of one storage from its first to its last, as they are before they are swapped.
//
// Example:
//   std::unique_ptr<ByteSource> source = OpenStorage(file, checkpoint.storages[id]);
//
// Thread safety: any number of threads; each source for one thread at a time.
// Lifetime: the source borrows the file.

#ifndef METACONV_CHECKPOINT_IO_STORAGE_SOURCE_H_
#define METACONV_CHECKPOINT_IO_STORAGE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/storage_location.h"

namespace metaconv {

// `location` is kPlain or kDeflated. Where it has a CRC-32, the Read that finds the end checks it.
std::unique_ptr<ByteSource> OpenStorage(const File& file, const StorageLocation& location);

// The same for bytes that lie in `bytes`, deflated or as they are.
std::unique_ptr<ByteSource> OpenBytes(const FileByteSource& bytes, bool is_deflated,
                                      const std::optional<std::uint32_t>& crc32);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_STORAGE_SOURCE_H_
