// InflateSource: what a deflated run of bytes inflates to.
//
// Example:
//   InflateSource source(FileByteSource(file, offset, compressed_size));
//   absl::StatusOr<std::size_t> got = source.Read(buffer, sizeof(buffer));
//
// Unlike a member that libzip opens, it shares nothing with other sources of the same file, so that many of them can be
// read at once.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the file.

#ifndef METACONV_CHECKPOINT_IO_INFLATE_SOURCE_H_
#define METACONV_CHECKPOINT_IO_INFLATE_SOURCE_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {

class InflateSource : public ByteSource {
 public:
  explicit InflateSource(FileByteSource compressed);
  ~InflateSource() override;
  InflateSource(const InflateSource&) = delete;
  InflateSource& operator=(const InflateSource&) = delete;

  // Errors: kDataLoss if the compressed bytes are damaged or end too early.
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  absl::Status Skip(std::uint64_t size) override;

 private:
  // Gives zlib more input. At the end of it there may still be output to come; if not, zlib says so.
  absl::Status Fill();

  FileByteSource compressed_;
  std::unique_ptr<char[]> input_;
  z_stream zlib_ = {};
  int code_;  // What zlib said last.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_INFLATE_SOURCE_H_
