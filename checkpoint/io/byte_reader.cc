#include "checkpoint/io/byte_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {
namespace {

absl::Status PastEnd(std::uint64_t wanted, std::uint64_t found) {
  return absl::DataLossError(absl::StrCat("expected ", wanted, " more bytes, found ", found));
}

}  // namespace

ByteReader::ByteReader(ByteSource& source, std::uint64_t size)
    : source_(source), size_(size), buffer_(new char[kWindow]) {}

absl::StatusOr<std::string_view> ByteReader::Take(std::size_t size) {
  if (size > remaining()) return PastEnd(size, remaining());
  if (size > buffered()) {
    if (absl::Status status = Fill(size); !status.ok()) return status;
  }
  const std::string_view result(buffer_.get() + begin_, size);
  begin_ += size;
  offset_ += size;
  return result;
}

absl::Status ByteReader::Append(std::uint64_t size, std::string& out) {
  if (size > remaining()) return PastEnd(size, remaining());
  while (size > 0) {
    const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(size, kWindow));
    absl::StatusOr<std::string_view> piece = Take(step);
    if (!piece.ok()) return piece.status();
    out.append(*piece);
    size -= step;
  }
  return absl::OkStatus();
}

absl::Status ByteReader::Skip(std::uint64_t size) {
  if (size > remaining()) return PastEnd(size, remaining());
  const std::size_t here = static_cast<std::size_t>(std::min<std::uint64_t>(size, buffered()));
  begin_ += here;
  offset_ += size;
  return size == here ? absl::OkStatus() : source_.Skip(size - here);
}

absl::StatusOr<std::string> ByteReader::ReadLine(std::size_t limit) {
  std::string line;
  while (true) {
    if (buffered() == 0) {
      if (remaining() == 0) return absl::DataLossError("expected a line feed, found the end of the data");
      if (absl::Status status = Fill(1); !status.ok()) return status;
    }
    const char* const begin = buffer_.get() + begin_;
    const void* const newline = std::memchr(begin, '\n', buffered());
    const std::size_t length =
        newline == nullptr ? buffered() : static_cast<std::size_t>(static_cast<const char*>(newline) - begin);
    if (length > limit - line.size()) {
      return absl::ResourceExhaustedError(absl::StrCat("the line is longer than ", limit, " bytes"));
    }
    line.append(begin, length);
    const std::size_t consumed = length + (newline == nullptr ? 0 : 1);
    begin_ += consumed;
    offset_ += consumed;
    if (newline != nullptr) return line;
  }
}

absl::Status ByteReader::Fill(std::size_t size) {
  std::memmove(buffer_.get(), buffer_.get() + begin_, buffered());
  end_ -= begin_;
  begin_ = 0;
  // Never reads past size_, so that the data behind it (the weights in a file of the legacy format) is not read.
  const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, remaining())) - end_;
  std::size_t wanted = room;
  while (end_ < size) {
    absl::StatusOr<std::size_t> got = source_.Read(buffer_.get() + end_, wanted);
    if (!got.ok()) return got.status();
    if (*got == 0) return PastEnd(size, buffered());
    end_ += *got;
    wanted -= *got;
  }
  return absl::OkStatus();
}

}  // namespace metaconv
