#include "checkpoint/io/zip_file_source.h"

#include <zip.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace metaconv {

zip_source_t* ZipFileSource::NewSource(zip_error_t* error) { return zip_source_function_create(Call, this, error); }

zip_int64_t ZipFileSource::Call(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command) {
  ZipFileSource& source = *static_cast<ZipFileSource*>(self);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      source.position_ = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return source.Read(static_cast<char*>(data), size);
    case ZIP_SOURCE_SEEK:
      return source.Seek(data, size);
    case ZIP_SOURCE_TELL:
      return static_cast<zip_int64_t>(source.position_);
    case ZIP_SOURCE_STAT:
      return source.Stat(*static_cast<zip_stat_t*>(data));
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&source.error_, data, size);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
      return 0;
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_CLOSE, ZIP_SOURCE_FREE, -1);
    default:
      zip_error_set(&source.error_, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

zip_int64_t ZipFileSource::Read(char* buffer, zip_uint64_t size) {
  absl::StatusOr<std::size_t> got = file_->ReadAt(position_, buffer, static_cast<std::size_t>(size));
  if (!got.ok()) {
    zip_error_set(&error_, ZIP_ER_READ, EIO);
    return -1;
  }
  last_read_ = position_;
  position_ += *got;
  return static_cast<zip_int64_t>(*got);
}

zip_int64_t ZipFileSource::Seek(void* arguments, zip_uint64_t size) {
  const zip_int64_t position = zip_source_seek_compute_offset(position_, file_->size(), arguments, size, &error_);
  if (position < 0) return -1;
  position_ = static_cast<std::uint64_t>(position);
  return 0;
}

zip_int64_t ZipFileSource::Stat(zip_stat_t& stat) const {
  zip_stat_init(&stat);
  stat.valid = ZIP_STAT_SIZE;
  stat.size = file_->size();
  return sizeof(stat);
}

}  // namespace metaconv
