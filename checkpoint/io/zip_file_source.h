// ZipFileSource: a File as libzip reads it.
//
// libzip has sources of its own for open files. They move the descriptor's position, which everything that was
// duplicated from it shares; this one reads by position. It also knows where libzip read last, and so where the first
// byte of a member lies, which libzip does not tell.
//
// Example:
//   ZipFileSource source(file);
//   zip_t* zip = zip_open_from_source(source.NewSource(&error), ZIP_RDONLY, &error);
//
// Thread safety: for one thread at a time.
// Lifetime: must outlive what libzip makes of it.

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

  // Null, with `error` set, if there is no memory.
  zip_source_t* NewSource(zip_error_t* error);

  const File& file() const { return *file_; }

  // Where the last read began.
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
