// The two parsers of the header agree: what ParsePlainHeader accepts, ParseHeaderEvents accepts with the same entries.

#include "checkpoint/safetensors/plain_header.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/safetensors/header_events.h"
#include "checkpoint/safetensors/safetensors_entry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Entries = std::vector<SafetensorsEntry>;

constexpr int kMutations = 200'000;

constexpr std::string_view kUsual =
    R"({"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("a.bias":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}})";

// A header of one tensor with these fields.
std::string Tensor(std::string_view fields) { return R"({"a":{)" + std::string(fields) + "}}"; }

// A header of one tensor with this shape.
std::string Shape(std::string_view shape) {
  return Tensor(R"("dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":[0,4])");
}

// Returns whether the header is plain, and checks that the parsers agree.
bool IsPlain(std::string_view header) {
  std::string text(header);
  const std::optional<Entries> plain = ParsePlainHeader(text);
  EXPECT_EQ(text, header);
  if (!plain.has_value()) return false;
  const absl::StatusOr<Entries> entries = ParseHeaderEvents(header);
  EXPECT_THAT(entries, IsOk()) << header;
  EXPECT_TRUE(entries.ok() && *plain == *entries) << header;
  return true;
}

// Valid headers that the fast parser reads itself.
std::vector<std::string> PlainHeaders() {
  return {
      std::string(kUsual),
      "{}",
      " {} \n\r\t",
      R"({"__metadata__":{}})",
      R"({"__metadata__":{"a":"\"{}\"","b":"\ud83d\ude00"},"__metadata__":{}})",
      R"({"":{"shape":[0],"data_offsets":[0,0],"dtype":""}})",
      R"({"a\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\uDE00":{"\u0064type":"F\u00332","shape":[1],"data_offsets":[0,4]}})",
      "{\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      Shape("[9223372036854775807]"),
      Shape("[ 1 , 2\t,\n3 ]"),
      Shape("[" + Repeat("1,", 1023) + "1]"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[18446744073709551615,18446744073709551615])"),
  };
}

// Headers that are accepted, but that the safetensors library does not write.
std::vector<std::string> OtherHeaders() {
  return {
      "\xef\xbb\xbf{}",
      R"({"__metadata__":null})",
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,4],"note":{"x":[1,{"y":-0}]})"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,4],"note":18446744073709551616)"),
  };
}

std::vector<std::string> InvalidHeaders() {
  return {
      "",
      " ",
      "[]",
      "1",
      "{} x",
      std::string("{}\0", 3),
      std::string("{}\0{}", 5),
      std::string("{\0}", 3),
      "{}{}",
      "{}}",
      "{},",
      "{}\"",
      "{\"a",
      R"({"a")",
      R"({"a":)",
      R"({"a":1})",
      R"({"a":[]})",
      R"({"a":null})",
      R"({"a":{}})",
      R"({"__metadata__":{"a":1}})",
      R"({"__metadata__":{"a":{"b":"c"}}})",
      R"({"__metadata__":{"a":"b",}})",
      R"({"__metadata__":{"a" "b"}})",
      R"({"__metadata__":{"a":"b" "c":"d"}})",
      R"({"__metadata__":{"a":"\ud800"}})",
      R"({"__metadata__":{"a":"\udc00"}})",
      R"({"__metadata__":{"a":"\ud800\u0041"}})",
      R"({"__metadata__":{"a":"\x"}})",
      R"({"__metadata__":{"\u12":"x"}})",
      R"({"__metadata__":"pt"})",
      R"({"__metadata__":[]})",
      "{\"__metadata__\":{\"a\":\"\n\"}}",
      "{\"__metadata__\":{\"\x1f\":\"a\"}}",
      "{\"__metadata__\":{\"a\":\"\xff\"}}",
      "{\"__metadata__\":{\"a\":\"\xc0\x80\"}}",
      "{\"__metadata__\":{\"a\":\"\xed\xa0\x80\"}}",
      "{\"__metadata__\":{\"a\":\"\xf4\x90\x80\x80\"}}",
      "{\"__metadata__\":{\"a\":\"\xe2\x82\"}}",
      "{\x0c}",
      "{\x1a}",
      "{\xc2\xa0}",
      Shape("1"),
      Shape("[-0]"),
      Shape("[-1]"),
      Shape("[+1]"),
      Shape("[01]"),
      Shape("[00]"),
      Shape("[1.0]"),
      Shape("[1e0]"),
      Shape("[1,]"),
      Shape("[,1]"),
      Shape("[1 2]"),
      Shape("[1:2]"),
      Shape("[1x]"),
      Shape("[1\"2\"]"),
      Shape("[\"1\"]"),
      Shape("[[1]]"),
      Shape("[1}"),
      Shape("[9223372036854775808]"),
      Shape("[18446744073709551616]"),
      Shape("[99999999999999999999999]"),
      Shape("[NaN]"),
      Shape("[true]"),
      Shape("[" + Repeat("1,", 1024) + "1]"),
      Tensor(R"("dtype":"F32","shape":[])"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0])"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,4,8])"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,-4])"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,18446744073709551616])"),
      Tensor(R"("dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4])"),
      Tensor(R"("dtype":"F32","shape":[],"shape":[],"data_offsets":[0,4])"),
      Tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,4],"data_offsets":[0,4])"),
      Tensor(R"("dtype":1,"shape":[],"data_offsets":[0,4])"),
      R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[],"data_offsets":[4,8]}})",
      "{\"a\":" + Repeat("[", 100'000),
      "{\"a\":" + Repeat("{\"a\":", 100'000),
  };
}

TEST(PlainHeaderTest, ReadsWhatTheLibraryWrites) {
  std::string text(kUsual);
  const std::optional<Entries> entries = ParsePlainHeader(text);
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2u);
  const SafetensorsEntry& weight = (*entries)[0];
  EXPECT_EQ(weight.name, "a.weight");
  EXPECT_EQ(weight.dtype, "F32");
  EXPECT_THAT(weight.shape, ElementsAre(2, 3));
  EXPECT_EQ(weight.begin, 0u);
  EXPECT_EQ(weight.end, 24u);
  EXPECT_THAT((*entries)[1].shape, IsEmpty());
  for (const std::string& name : FixtureNames()) {
    if (!name.ends_with(".safetensors")) continue;
    const std::string file = ReadFile(FixturePath(name));
    EXPECT_TRUE(IsPlain(file.substr(8, file.find("}}") + 2 - 8))) << name;
  }
}

TEST(PlainHeaderTest, PlainHeaders) {
  for (const std::string& header : PlainHeaders()) EXPECT_TRUE(IsPlain(header)) << header;
}

TEST(PlainHeaderTest, OtherHeadersAreLeftToTheOtherParser) {
  for (const std::string& header : OtherHeaders()) {
    EXPECT_FALSE(IsPlain(header)) << header;
    EXPECT_THAT(ParseHeaderEvents(header), IsOk()) << header;
  }
}

TEST(PlainHeaderTest, InvalidHeaders) {
  for (const std::string& header : InvalidHeaders()) {
    EXPECT_FALSE(IsPlain(header)) << header.substr(0, 200);
    EXPECT_FALSE(ParseHeaderEvents(header).ok()) << header.substr(0, 200);
  }
}

TEST(PlainHeaderTest, ErrorsAreShort) {
  const absl::StatusOr<Entries> entries = ParseHeaderEvents("{\"" + std::string(100'000, 'a') + "\n");
  ASSERT_FALSE(entries.ok());
  EXPECT_LT(entries.status().message().size(), 300u);
  EXPECT_THAT(
      ParseHeaderEvents(std::string("{}\0", 3)),
      StatusIs(absl::StatusCode::kDataLoss, "offset 2: the header is not valid JSON: expected no byte 0, found one"));
}

TEST(PlainHeaderTest, TruncatedHeaders) {
  for (const std::string& header : PlainHeaders()) {
    const std::size_t end = header.rfind('}');
    for (std::size_t size = 0; size <= end; ++size) EXPECT_FALSE(IsPlain(header.substr(0, size))) << header;
  }
}

// Inserts, replaces and removes bytes and tokens.
TEST(PlainHeaderTest, MutatedHeaders) {
  const std::vector<std::string> tokens = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           ":",
                                           "\"",
                                           "\\",
                                           "0",
                                           "1",
                                           "-",
                                           "-0",
                                           "01",
                                           "1.5",
                                           "1e3",
                                           "e",
                                           "\n",
                                           " ",
                                           "\x0c",
                                           "\t",
                                           "\x1f",
                                           "\xff",
                                           "\xc3\xa9",
                                           "\xc0",
                                           "true",
                                           "null",
                                           "\\ud800",
                                           "\\u0041",
                                           "\"\"",
                                           "{}",
                                           "[]",
                                           "9223372036854775808",
                                           "18446744073709551616",
                                           "\"dtype\":",
                                           "\"shape\":[1],",
                                           "\"x\":",
                                           "\"__metadata__\":",
                                           std::string(1, '\0'),
                                           "/**/"};
  std::vector<std::string> headers = PlainHeaders();
  for (const std::string& header : OtherHeaders()) headers.push_back(header);
  std::erase_if(headers, [](const std::string& header) { return header.size() > 500; });
  std::mt19937 random(20261128);
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    std::string header = headers[random() % headers.size()];
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % (header.size() + 1);
      const std::size_t removed = random() % 3 == 0 ? 0 : random() % 4;
      const bool inserts = random() % 4 != 0;
      header.replace(at, std::min(removed, header.size() - at), inserts ? tokens[random() % tokens.size()] : "");
    }
    accepted += IsPlain(header) ? 1 : 0;
  }
  // The mutations are small enough that some headers stay valid.
  EXPECT_GT(accepted, kMutations / 100);
  EXPECT_LT(accepted, kMutations / 2);
}

}  // namespace
}  // namespace metaconv
