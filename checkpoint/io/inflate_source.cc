#include "checkpoint/io/inflate_source.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {
namespace {

constexpr std::size_t kInputBytes = std::size_t{1} << 16;

// Negative for a raw deflate stream, without the header of the zlib format.
constexpr int kRawWindowBits = -MAX_WBITS;

}  // namespace

InflateSource::InflateSource(FileByteSource compressed)
    : compressed_(compressed), input_(new char[kInputBytes]), code_(inflateInit2(&zlib_, kRawWindowBits)) {}

InflateSource::~InflateSource() { inflateEnd(&zlib_); }

absl::StatusOr<std::size_t> InflateSource::Read(char* buffer, std::size_t size) {
  const std::size_t wanted = std::min<std::size_t>(size, std::numeric_limits<uInt>::max());
  zlib_.next_out = reinterpret_cast<Bytef*>(buffer);
  zlib_.avail_out = static_cast<uInt>(wanted);
  while (zlib_.avail_out > 0 && code_ == Z_OK) {
    if (zlib_.avail_in == 0) {
      if (absl::Status status = Fill(); !status.ok()) return status;
    }
    code_ = inflate(&zlib_, Z_NO_FLUSH);
  }
  switch (code_) {
    case Z_OK:
    case Z_STREAM_END:
      return wanted - zlib_.avail_out;
    case Z_BUF_ERROR:
      return absl::DataLossError("cannot be inflated: the compressed bytes end too early");
    case Z_MEM_ERROR:
      return absl::ResourceExhaustedError("cannot be inflated: out of memory");
    default:
      return absl::DataLossError(absl::StrCat("cannot be inflated: ", zlib_.msg == nullptr ? "damaged" : zlib_.msg));
  }
}

absl::Status InflateSource::Skip(std::uint64_t size) { return SkipByReading(*this, size); }

absl::Status InflateSource::Fill() {
  absl::StatusOr<std::size_t> got = compressed_.Read(input_.get(), kInputBytes);
  if (!got.ok()) return got.status();
  zlib_.next_in = reinterpret_cast<Bytef*>(input_.get());
  zlib_.avail_in = static_cast<uInt>(*got);
  return absl::OkStatus();
}

}  // namespace metaconv
