// File: a regular file open for reading at any position.
//
// Example:
//   absl::StatusOr<File> file = File::Open("model.pt");
//   absl::StatusOr<std::size_t> got = file->ReadAt(/*offset=*/8, buffer, sizeof(buffer));
//
// Thread safety: ReadAt may be called from any number of threads.
// Lifetime: owns its descriptor.

#ifndef METACONV_CHECKPOINT_IO_FILE_H_
#define METACONV_CHECKPOINT_IO_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace metaconv {

class File {
 public:
  // Errors: kNotFound, kPermissionDenied; kUnimplemented if the path is not a regular file but a directory, a pipe, ….
  static absl::StatusOr<File> Open(const std::string& path);

  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  File& operator=(File&&) = delete;
  ~File();

  // The size of the file when it was opened.
  std::uint64_t size() const { return size_; }

  // Owned by this object; for mmap and for libraries that read from a descriptor.
  int descriptor() const { return descriptor_; }

  // Reads `size` bytes from `offset` on into `buffer`, and returns how many were read: fewer than `size` only at the
  // end of the file.
  absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, char* buffer, std::size_t size) const;

 private:
  File(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_FILE_H_
