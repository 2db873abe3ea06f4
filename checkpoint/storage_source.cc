#include "checkpoint/storage_source.h"

#include <memory>
#include <utility>

#include "checkpoint/byte_source.h"
#include "checkpoint/crc32_source.h"
#include "checkpoint/file.h"
#include "checkpoint/inflate_source.h"
#include "checkpoint/storage_location.h"

namespace metaconv {

std::unique_ptr<ByteSource> OpenStorage(const File& file, const StorageLocation& location) {
  const FileByteSource bytes(file, location.offset, location.size_in_file);
  std::unique_ptr<ByteSource> source;
  if (location.bytes == StorageBytes::kDeflated) {
    source = std::make_unique<InflateSource>(bytes);
  } else {
    source = std::make_unique<FileByteSource>(bytes);
  }
  if (!location.crc32.has_value()) return source;
  return std::make_unique<Crc32Source>(std::move(source), *location.crc32);
}

}  // namespace metaconv
