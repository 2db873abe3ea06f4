#include "checkpoint/io/byte_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

// Returns at most 1000 bytes per call, as a decompressor may return fewer bytes than requested.
class SlowSource : public ByteSource {
 public:
  explicit SlowSource(std::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    size = std::min({size, rest_.size(), std::size_t{1000}});
    std::memcpy(buffer, rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }
  absl::Status Skip(std::uint64_t size) override {
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return absl::OkStatus();
  }
  std::size_t rest() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

std::string Counting(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

TEST(ByteReaderTest, ReadsOfAnySizeGiveTheBytesInOrder) {
  const std::string bytes = Counting(300'000);
  SlowSource source(bytes);
  ByteReader reader(source, bytes.size());
  for (std::size_t step = 1; reader.remaining() > step + ByteReader::kWindow; step = step * 5 % 65'521) {
    const std::size_t at = static_cast<std::size_t>(reader.offset());
    const absl::StatusOr<std::string_view> taken = reader.Take(step);
    ASSERT_THAT(taken, IsOk());
    ASSERT_EQ(*taken, std::string_view(bytes).substr(at, step));
    ASSERT_THAT(reader.Skip(step % 7), IsOk());
  }
  std::string tail;
  const std::size_t at = static_cast<std::size_t>(reader.offset());
  ASSERT_THAT(reader.Append(reader.remaining(), tail), IsOk());
  EXPECT_EQ(tail, bytes.substr(at));
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReaderTest, ReadingPastTheEndIsAnError) {
  SlowSource source("0123456789");
  ByteReader reader(source, 10);
  ASSERT_THAT(reader.Take(8), IsOk());
  EXPECT_THAT(reader.Take(3), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected 3 more bytes, found 2")));
  EXPECT_THAT(reader.Skip(3), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected 3 more bytes, found 2")));
  EXPECT_THAT(reader.ReadLine(100),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a line feed, found the end of the data")));
}

TEST(ByteReaderTest, ASourceShorterThanItsSizeIsAnError) {
  SlowSource source("0123456789");
  ByteReader reader(source, 1'000'000'000'000);
  std::string out;
  EXPECT_THAT(reader.Append(999'999'999'999, out), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("more bytes")));
  EXPECT_LT(out.capacity(), 1'000'000u);
}

TEST(ByteReaderTest, DoesNotReadPastItsSize) {
  const std::string bytes = Counting(10'000);
  SlowSource source(bytes);
  ByteReader reader(source, 100);
  ASSERT_THAT(reader.Take(50), IsOk());
  EXPECT_EQ(source.rest(), bytes.size() - 100);
}

TEST(ByteReaderTest, LinesAndIntegers) {
  SlowSource source("one\n\ntwo\n\x01\x02\x03\x04");
  ByteReader reader(source, 13);
  EXPECT_EQ(*reader.ReadLine(3), "one");
  EXPECT_EQ(*reader.ReadLine(3), "");
  EXPECT_THAT(reader.ReadLine(2), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("longer than 2 bytes")));
  EXPECT_EQ(*reader.ReadLine(3), "two");
  EXPECT_EQ(*reader.ReadLittleEndian<std::uint32_t>(), 0x04030201u);
}

}  // namespace
}  // namespace metaconv
