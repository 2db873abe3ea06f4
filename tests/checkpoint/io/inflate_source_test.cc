#include "checkpoint/io/inflate_source.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

std::string Deflated(std::string text) {
  z_stream zlib = {};
  EXPECT_EQ(deflateInit2(&zlib, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&zlib, text.size()), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(text.data());
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - zlib.avail_out);
  deflateEnd(&zlib);
  return out;
}

File FileOf(const std::string& content) { return *File::Open(WriteFile("inflate", content)); }

// Reads the whole source, `step` bytes at a time.
absl::StatusOr<std::string> ReadAll(ByteSource& source, std::size_t step) {
  std::string all;
  std::string piece(step, '\0');
  while (true) {
    absl::StatusOr<std::size_t> got = source.Read(piece.data(), piece.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return all;
    all.append(piece, 0, *got);
  }
}

// Longer than several input buffers, and with repetitions from which output remains when all input is consumed.
std::string LongText() {
  std::string text;
  for (std::uint32_t i = 0; i < 200'000; ++i) text += std::to_string(i * 2654435761u);
  return text + std::string(100'000, 'z');
}

TEST(InflateSourceTest, ReadsOfAnySizeGiveTheSameBytes) {
  const std::string text = LongText();
  const std::string deflated = Deflated(text);
  const File file = FileOf("before" + deflated + "behind");
  for (const std::size_t step : {std::size_t{100}, std::size_t{65'537}, text.size(), 2 * text.size()}) {
    InflateSource source(FileByteSource(file, 6, deflated.size()));
    const absl::StatusOr<std::string> all = ReadAll(source, step);
    ASSERT_THAT(all, IsOk());
    EXPECT_TRUE(*all == text) << step;
  }
}

TEST(InflateSourceTest, SkipHasTheEffectOfRead) {
  const std::string text = LongText();
  const File file = FileOf(Deflated(text));
  InflateSource source(FileByteSource(file, 0));
  EXPECT_THAT(source.Skip(text.size() - 3), IsOk());
  EXPECT_EQ(*ReadAll(source, 10), "zzz");
  EXPECT_THAT(source.Skip(1), StatusIs(absl::StatusCode::kDataLoss, "ends too early"));
}

TEST(InflateSourceTest, InputThatEndsEarlyIsAnError) {
  const std::string deflated = Deflated("some text, some text");
  for (std::size_t size = 0; size < deflated.size(); ++size) {
    const File file = FileOf(deflated.substr(0, size));
    InflateSource source(FileByteSource(file, 0));
    EXPECT_THAT(ReadAll(source, 100),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the compressed bytes end too early")))
        << size;
  }
}

TEST(InflateSourceTest, AfterDamageEveryReadIsAnError) {
  const File file = FileOf("\x07 is no deflated block");
  InflateSource source(FileByteSource(file, 0));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(ReadAll(source, 100), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("invalid block type")));
  }
}

}  // namespace
}  // namespace metaconv
