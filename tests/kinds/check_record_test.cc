#include "kinds/check_record.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

using ::testing::Eq;

void ExpectMalformed(const MetaTensorDesc& desc, const char* text) {
  EXPECT_THAT(CheckStridedRecord(desc), StatusIs(absl::StatusCode::kInvalidArgument, Eq(text)));
}

TEST(CheckRecordTest, GoodRecords) {
  EXPECT_THAT(CheckStridedRecord(DenseRecord(3, {2, 3})), IsOk());
  EXPECT_THAT(CheckStridedRecord(DenseRecord(3, {})), IsOk());
  EXPECT_THAT(CheckViewRecord(ViewRecord(4, Share(DenseRecord(3, {2, 3})))), IsOk());
  MetaTensorDesc symbolic = DenseRecord(3, {2, 3});
  symbolic.size[0] = symbolic.storage_offset = MakeSymbolicInt("s0");
  symbolic.storage = MetaStorageDesc{.id = 0, .size = MakeSymbolicInt("s1")};
  EXPECT_THAT(CheckStridedRecord(symbolic), IsOk());
}

TEST(CheckRecordTest, StridedRecords) {
  MetaTensorDesc desc = DenseRecord(3, {2, 3});
  desc.stride.reset();
  ExpectMalformed(desc, "record 3: stride: expected strides for a strided tensor, found none");
  desc.stride = SymSizes{1};
  ExpectMalformed(desc, "record 3: stride: expected 2 strides (ndim), found 1");
  desc = DenseRecord(3, {2, 3});
  desc.storage.reset();
  ExpectMalformed(desc, "record 3: storage: expected a storage for a strided tensor, found none");
  desc = DenseRecord(3, {2, 3});
  desc.size[1] = -4;
  ExpectMalformed(desc, "record 3: size: expected no negative value, found -4");
  desc = DenseRecord(3, {2, 3});
  (*desc.stride)[0] = -4;
  ExpectMalformed(desc, "record 3: stride: expected no negative value, found -4");
  desc = DenseRecord(3, {2, 3});
  desc.storage_offset = -4;
  ExpectMalformed(desc, "record 3: storage_offset: expected no negative value, found -4");
  desc = DenseRecord(3, {2, 3});
  desc.storage = StorageRecord(7, -4);
  ExpectMalformed(desc, "storage 7: size: expected no negative value, found -4");
  desc = DenseRecord(3, {2, 3});
  desc.is_leaf = false;
  ExpectMalformed(desc, "record 3: requires_grad: expected true for a tensor that is not a leaf, found false");
  desc = DenseRecord(3, {2, 3});
  desc.dtype = c10::kLong;
  desc.requires_grad = true;
  ExpectMalformed(desc, "record 3: requires_grad: expected false for torch.int64, found true");
}

// A record of plain numbers is checked in one loop. A symbolic storage size makes the checks run one by one.
TEST(CheckRecordTest, SumsAreTheSameForPlainAndSymbolicRecords) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr char kTooMany[] = "record 3: size: expected at most 9223372036854775807 elements, found more";
  constexpr char kTooFar[] =
      "record 3: stride: expected a tensor of at most 9223372036854775807 bytes, found a larger one";
  const struct {
    SymSizes size, stride;
    c10::SymInt offset;
    const char* error;
  } kCases[] = {
      {{kMost}, {1}, 0, nullptr},
      {{kMost}, {1}, 1, kTooFar},
      {{kMost, 2}, {0, 0}, 0, kTooMany},
      {{kMost, 1}, {0, 0}, 0, nullptr},
      {{2}, {kMost}, 0, kTooFar},
      {{2}, {kMost - 1}, 0, nullptr},
      {{2, 2}, {kMost / 2 + 1, kMost / 2 + 1}, 0, kTooFar},
      {{1, 1}, {kMost, kMost}, kMost - 1, nullptr},
      {{1}, {1}, kMost, kTooFar},
      {{0, kMost}, {kMost, kMost}, kMost, nullptr},
      {{kMost, 0}, {kMost, kMost}, kMost, nullptr},
      {{kMost, 2, 0}, {1, 1, 1}, 0, kTooMany},
  };
  for (const auto& [size, stride, offset, error] : kCases) {
    MetaTensorDesc desc = DenseRecord(3, {});
    desc.dtype = c10::kByte;
    desc.size = size;
    desc.stride = stride;
    desc.storage_offset = offset;
    for (const c10::SymInt& storage_size : {c10::SymInt(8), MakeSymbolicInt("s0")}) {
      desc.storage = MetaStorageDesc{.id = 0, .size = storage_size};
      if (error == nullptr) {
        EXPECT_THAT(CheckStridedRecord(desc), IsOk()) << storage_size;
      } else {
        ExpectMalformed(desc, error);
      }
    }
  }
}

TEST(CheckRecordTest, Views) {
  const MetaTensorDescPtr base = Share(DenseRecord(3, {2, 3}));
  MetaTensorDesc desc = ViewRecord(4, base);
  desc.base = nullptr;
  EXPECT_THAT(CheckViewRecord(desc), StatusIs(absl::StatusCode::kInvalidArgument,
                                              Eq("record 4: base: expected a base for a view, found none")));
  desc = ViewRecord(4, base);
  desc.creation_meta.reset();
  EXPECT_THAT(CheckViewRecord(desc), StatusIs(absl::StatusCode::kInvalidArgument,
                                              Eq("record 4: creation_meta: expected a value for a view, found none")));
}

}  // namespace
}  // namespace metaconv
