#include "checkpoint/io/storage_source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/crc32_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/inflate_source.h"
#include "checkpoint/storage_location.h"

namespace metaconv {

std::unique_ptr<ByteSource> OpenBytes(const FileByteSource& bytes, bool is_deflated,
                                      const std::optional<std::uint32_t>& crc32) {
  std::unique_ptr<ByteSource> source;
  if (is_deflated) {
    source = std::make_unique<InflateSource>(bytes);
  } else {
    source = std::make_unique<FileByteSource>(bytes);
  }
  if (!crc32.has_value()) return source;
  return std::make_unique<Crc32Source>(std::move(source), *crc32);
}

std::unique_ptr<ByteSource> OpenStorage(const File& file, const StorageLocation& location) {
  return OpenBytes(FileByteSource(file, location.offset, location.size_in_file),
                   location.bytes == StorageBytes::kDeflated, location.crc32);
}

}  // namespace metaconv
