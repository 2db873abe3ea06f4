// ZipFileSource: lets libzip read a File.
//
// libzip's own sources for open files move the file offset of the descriptor, which all its duplicates share. This one
// reads at explicit offsets. It also records the offset of the last read, by which the position of a member's data is
// found, for which libzip has no function.
//
// Example:
//   ZipFileSource source(file);
//   zip_t* zip = zip_open_from_source(source.NewSource(&error), ZIP_RDONLY, &error);
//
// Thread safety: for one thread at a time.
// Lifetime: must outlive the zip_source_t and the archive that is opened with it.

#ifndef METACONV_CHECKPOINT_IO_ZIP_FILE_SOURCE_H_
#define METACONV_CHECKPOINT_IO_ZIP_FILE_SOURCE_H_

#include <zip.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "checkpoint/io/file.h"

namespace metaconv {

class ZipFileSource {
 public:
  explicit ZipFileSource(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  ZipFileSource(const ZipFileSource&) = delete;
  ZipFileSource& operator=(const ZipFileSource&) = delete;

  // Null, with `error` set, if memory cannot be allocated.
  zip_source_t* NewSource(zip_error_t* error);

  const File& file() const { return *file_; }

  // The offset of the last read.
  std::uint64_t last_read() const { return last_read_; }

 private:
  static zip_int64_t Call(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command);

  zip_int64_t Read(char* buffer, zip_uint64_t size);
  zip_int64_t Seek(void* arguments, zip_uint64_t size);
  zip_int64_t Stat(zip_stat_t& stat) const;

  const std::shared_ptr<const File> file_;
  std::uint64_t position_ = 0;
  std::uint64_t last_read_ = 0;
  zip_error_t error_ = {};
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_ZIP_FILE_SOURCE_H_
