// InflateSource: the decompressed bytes of a deflate stream in a file.
//
// Example:
//   InflateSource source(FileByteSource(file, offset, compressed_size));
//   absl::StatusOr<std::size_t> got = source.Read(buffer, sizeof(buffer));
//
// Unlike an archive member that libzip opens, it shares no state with other sources of the same file, so that many of
// them can be read in parallel.
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
  // Gives zlib more input. At the end of the input zlib may still have output; if not, inflate returns Z_BUF_ERROR.
  absl::Status Fill();

  FileByteSource compressed_;
  std::unique_ptr<char[]> input_;
  z_stream zlib_ = {};
  int code_;  // The last result of zlib.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_INFLATE_SOURCE_H_
