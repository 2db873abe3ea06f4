// PatternFile: a safetensors file with tensors of one size, whose content is known.
//
// Example:
//   absl::StatusOr<std::unique_ptr<PatternFile>> file = PatternFile::Write("/dev/shm/pattern.safetensors", shape);
//   EXPECT_EQ(checksums, (*file)->Checksums());
//
// Thread safety: for one thread.
// Lifetime: the destructor deletes the file.

#ifndef METACONV_BENCHMARKS_TRANSFERS_PATTERN_FILE_H_
#define METACONV_BENCHMARKS_TRANSFERS_PATTERN_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/transfers/shapes.h"

namespace metaconv {

class PatternFile {
 public:
  // Replaces a file of this name. Its bytes are on the device of the file system, not only in the page cache.
  // The size of the shape must be a multiple of 8. Errors: kUnavailable if the file cannot be written.
  static absl::StatusOr<std::unique_ptr<PatternFile>> Write(const std::string& path, const Shape& shape);
  ~PatternFile();
  PatternFile(const PatternFile&) = delete;
  PatternFile& operator=(const PatternFile&) = delete;

  const std::string& path() const { return path_; }
  const Shape& shape() const { return shape_; }

  // Removes the file from the page cache. Has no effect on a file in memory.
  absl::Status Evict() const;

  // The checksum of each tensor, as defined in meta/checksum.h.
  std::vector<std::uint64_t> Checksums() const;

 private:
  PatternFile(std::string path, Shape shape) : path_(std::move(path)), shape_(std::move(shape)) {}

  absl::Status WriteAll() const;

  const std::string path_;
  const Shape shape_;
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_PATTERN_FILE_H_
