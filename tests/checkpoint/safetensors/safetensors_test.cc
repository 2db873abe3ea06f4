#include "checkpoint/safetensors/safetensors.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<Checkpoint> Read(std::string_view header, std::uint64_t data_bytes) {
  return ReadCheckpoint(WriteSafetensors("test.safetensors", header, data_bytes));
}

// The header of one tensor.
std::string Tensor(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":[)" + std::string(shape) + R"(],"data_offsets":[)" +
         std::string(offsets) + "]}}";
}

TEST(SafetensorsTest, TensorsAreViewsOfFlatTensorsInTheOrderOfTheData) {
  const absl::StatusOr<Checkpoint> checkpoint = Read(
      R"({"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}})",
      12);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a", "b"));
  const MetaTensorDesc& b = *checkpoint->tensors[1].desc;
  EXPECT_TRUE(b.is_view);
  EXPECT_EQ(b.id, 2);
  ASSERT_NE(b.base, nullptr);
  EXPECT_EQ(b.base->id, 3);
  EXPECT_EQ(b.base->ndim(), 1);
  EXPECT_EQ(b.base->storage, b.storage);
  EXPECT_EQ(b.storage->size, 8);
}

TEST(SafetensorsTest, ValidHeaders) {
  EXPECT_THAT(Read("{}", 0), IsOk());
  EXPECT_THAT(Read("{}    ", 0), IsOk());
  EXPECT_THAT(Read(" {}", 0), IsOk());
  EXPECT_THAT(Read(R"({"__metadata__":{"format":"pt"}})", 0), IsOk());
  EXPECT_THAT(Read(R"({"__metadata__":null})", 0), IsOk());
  EXPECT_THAT(Read(R"({"":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4), IsOk());
  EXPECT_THAT(
      Read(R"({"a":{"dtype":"F32","note":{"x":[1,{"y":null}]},"shape":[1],"more":-1.5,"data_offsets":[0,4]}})", 4),
      IsOk());
  EXPECT_THAT(Read(Tensor("F32", "0,4611686018427387904", "0,0"), 0), IsOk());
}

TEST(SafetensorsTest, MalformedHeadersAreDataLoss) {
  const struct {
    std::string header;
    std::uint64_t data_bytes;
    std::string message;
  } kBad[] = {
      {Tensor("F32", "2", "0,8"), 9, "header, expected tensors that cover all 9 bytes of data, found 8"},
      {Tensor("F32", "2", "0,8"), 7, "header, tensor 'a', expected data_offsets from 0 to at most 7"},
      {Tensor("F32", "2", "1,9"), 9, "without a gap or an overlap, found 1 to 9"},
      {Tensor("F32", "2", "8,0"), 8, "without a gap or an overlap, found 8 to 0"},
      {Tensor("F32", "3", "0,8"), 8, "expected the bytes of 3 elements of F32, found 8"},
      {Tensor("F32", "4611686018427387904,4611686018427387904", "0,0"), 0, "expected a size that fits 64 bits"},
      {Tensor("F32", "4611686018427387904", "0,0"), 0, "elements of F32, found 0"},
      {Tensor("F32", "18446744073709551615", "0,8"), 8,
       "expected a size of at most 63 bits in the header, found a larger number"},
      {Tensor("F32", "-2", "0,8"), 8,
       "expected an array of integers that are not negative in the header, found a negative number"},
      {Tensor("F32", "2.0", "0,8"), 8, "found a fraction"},
      {Tensor("F32", "\"2\"", "0,8"), 8, "found a string"},
      {Tensor("F32", "[2]", "0,8"), 8, "found an array"},
      {Tensor("F32", "2", "0"), 8, "expected two data_offsets in the header, found fewer"},
      {Tensor("F32", "2", "0,4,8"), 8, "expected two data_offsets in the header, found more"},
      {Tensor("f32", "2", "0,8"), 8, "expected a dtype, found 'f32'"},
      {Tensor("F4", "3", "0,2"), 2, "expected the bytes of 3 elements of F4"},
      {Tensor("F4", "2,3", "0,3"), 3, "expected an even last dimension for F4"},
      {R"({"a":{"dtype":"F32","shape":[2]}})", 8, "tensor 'a': expected dtype, shape and data_offsets"},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8, "expected each field once"},
      {R"({"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}})", 8, "expected a string as the dtype"},
      {R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8,
       "expected an array of integers that are not negative"},
      {R"({"a":1})", 0, "expected an object for each tensor in the header, found a number"},
      {R"({"a":[]})", 0, "expected an object for each tensor in the header, found an array"},
      {R"({"__metadata__":{"a":1}})", 0, "expected strings in __metadata__ in the header, found a number"},
      {R"({"__metadata__":{"a":{"b":"c"}}})", 0, "expected strings in __metadata__ in the header, found an object"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, "tensor 'a' occurs twice in the header"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
       12, "tensor 'b', expected data_offsets from 8 to at most 12"},
      {"{} x", 0, "the header is not valid JSON"},
      {"{\"a", 0, "the header is not valid JSON"},
      {"{\"\xff\":1}", 0, "the header is not valid JSON"},
      {"{\"a\":" + Repeat("[", 1'000'000), 0, "found an array"},
      {R"({"a":{"x":)" + Repeat("[", 1'000'000), 0, "the header is not valid JSON"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(Read(bad.header, bad.data_bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(bad.message)))
        << bad.header.substr(0, 200);
  }
}

TEST(SafetensorsTest, DtypesThatPyTorchDoesNotHaveAreUnimplemented) {
  EXPECT_THAT(Read(Tensor("F6_E2M3", "4", "0,3"), 3),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("tensor 'a', PyTorch has no dtype for F6_E2M3")));
}

TEST(SafetensorsTest, HeadersLongerThanTheFileOrTheLimit) {
  EXPECT_THAT(
      ReadCheckpoint(WriteFile("long.safetensors", LittleEndian(1000, 8) + "{}")),
      StatusIs(absl::StatusCode::kDataLoss,
               HasSubstr("offset 0: expected a header of 1000 bytes, found 2 bytes up to the end of the file")));
  EXPECT_THAT(ReadCheckpoint(WriteFile("long.safetensors", LittleEndian(0xffffffffff, 8) + "{}")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a header of 1099511627775 bytes")));
  EXPECT_THAT(Read("{" + std::string(100'000'000, ' ') + "}", 0),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("a header of at most 100000000 bytes")));
}

}  // namespace
}  // namespace metaconv
