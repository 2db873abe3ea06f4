// FileMapping: a whole file as bytes in memory, read-only.
//
// If the file is truncated while it is mapped, an access behind its new end terminates the process with SIGBUS; if it is
// overwritten in place, the bytes change.
//
// Example:
//   absl::StatusOr<FileMapping> mapping = FileMapping::Map(*file);
//   DecodeRecords(mapping->bytes());
//
// Thread safety: the bytes may be read by any number of threads.
// Lifetime: owns the mapping; independent of the File.

#ifndef METACONV_CHECKPOINT_IO_FILE_MAPPING_H_
#define METACONV_CHECKPOINT_IO_FILE_MAPPING_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"

namespace metaconv {

class FileMapping {
 public:
  // Errors: kResourceExhausted if the file cannot be mapped; kDataLoss if it was truncated after it was opened.
  static absl::StatusOr<FileMapping> Map(const File& file);

  FileMapping(FileMapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  FileMapping& operator=(FileMapping&&) = delete;
  ~FileMapping();

  std::string_view bytes() const { return bytes_; }

 private:
  explicit FileMapping(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_FILE_MAPPING_H_
