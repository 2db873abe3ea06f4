// OpenStorage: all bytes of one storage, in order and in the byte order of the file.
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

// Requires that `location` is kPlain or kDeflated. If it has a CRC-32, the call of Read that finds the end verifies it.
std::unique_ptr<ByteSource> OpenStorage(const File& file, const StorageLocation& location);

// The same for the bytes of `bytes`, which are deflated or not.
std::unique_ptr<ByteSource> OpenBytes(const FileByteSource& bytes, bool is_deflated,
                                      const std::optional<std::uint32_t>& crc32);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_STORAGE_SOURCE_H_
