#include "converter/cpu_storage_path.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "c10/core/CPUAllocator.h"
#include "c10/core/alignment.h"
#include "converter/pieces.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/checksum.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Sizes close to the sizes of words, pages and pieces.
const std::vector<std::int64_t>& Sizes() {
  static const auto& sizes = *new std::vector<std::int64_t>{
      0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, kPieceSize - 1, kPieceSize, kPieceSize + 1, 3 * kPieceSize + 5};
  return sizes;
}

char ByteAt(std::int64_t id, std::int64_t offset) {
  return static_cast<char>(offset * 31 + (offset >> 12) + id * 7 + 1);
}

absl::Status WriteBytes(std::int64_t id, std::int64_t offset, absl::Span<char> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = ByteAt(id, offset + static_cast<std::int64_t>(i));
  return absl::OkStatus();
}

class CpuStoragePathTest : public ::testing::Test {
 protected:
  c10::Storage New(std::int64_t size) { return path_.Allocate(c10::kCPU, size).value(); }

  // Storages of all sizes, with different bytes.
  std::vector<c10::Storage> Filled(bool in_order = false) {
    std::vector<c10::Storage> storages;
    std::vector<StorageLoad> loads;
    for (std::size_t i = 0; i < Sizes().size(); ++i) {
      storages.push_back(New(Sizes()[i]));
      const auto id = static_cast<MetaStorageId>(i);
      loads.push_back(
          {.into = storages.back(),
           .id = id,
           .read = [id](std::int64_t offset, absl::Span<char> into) { return WriteBytes(id, offset, into); },
           .in_order = in_order});
    }
    EXPECT_THAT(path_.Load(loads), IsOk());
    return storages;
  }

  CpuStoragePath path_;
};

void ExpectFilled(const std::vector<c10::Storage>& storages) {
  for (std::size_t i = 0; i < storages.size(); ++i) {
    const auto* bytes = static_cast<const char*>(storages[i].data());
    ASSERT_EQ(static_cast<std::int64_t>(storages[i].nbytes()), Sizes()[i]);
    for (std::int64_t j = 0; j < Sizes()[i]; ++j) ASSERT_EQ(bytes[j], ByteAt(static_cast<std::int64_t>(i), j)) << i;
  }
}

TEST_F(CpuStoragePathTest, IsThePathForTheCpu) {
  const absl::StatusOr<StoragePath*> path = StoragePathFor(c10::kCPU);
  ASSERT_THAT(path, IsOk());
  EXPECT_NE(dynamic_cast<CpuStoragePath*>(*path), nullptr);
}

TEST_F(CpuStoragePathTest, AllocatesLikeLibTorch) {
  for (const std::int64_t size : Sizes()) {
    const c10::Storage storage = New(size);
    EXPECT_EQ(static_cast<std::int64_t>(storage.nbytes()), size);
    EXPECT_EQ(storage.device(), c10::Device(c10::kCPU));
    EXPECT_EQ(storage.allocator(), c10::GetCPUAllocator());
    EXPECT_TRUE(storage.resizable());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage.data()) % c10::gAlignment, 0);
  }
}

TEST_F(CpuStoragePathTest, AllocatingTooMuchIsAnError) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  EXPECT_THAT(path_.Allocate(c10::kCPU, kHuge),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("device cpu"), HasSubstr(std::to_string(kHuge)), HasSubstr("free"))));
  EXPECT_THAT(path_.CheckRoom(c10::kCPU, kHuge), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free")));
  EXPECT_THAT(path_.CheckRoom(c10::kCPU, 1), IsOk());
}

// As Materialize does it: many storages of all sizes in one call.
TEST_F(CpuStoragePathTest, LoadsAllBytesOfStoragesAllocatedTogether) {
  std::vector<c10::Storage> storages;
  ASSERT_THAT(path_.AllocateAll(c10::kCPU, Sizes(), storages), IsOk());
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    const auto id = static_cast<MetaStorageId>(i);
    const auto read = [id](std::int64_t offset, absl::Span<char> into) { return WriteBytes(id, offset, into); };
    loads.push_back({.into = storages[i], .id = id, .read = read});
  }
  ASSERT_THAT(path_.Load(loads), IsOk());
  ExpectFilled(storages);
}

TEST_F(CpuStoragePathTest, LoadsAllBytes) { ExpectFilled(Filled()); }

TEST_F(CpuStoragePathTest, LoadsInOrderWhereAsked) { ExpectFilled(Filled(/*in_order=*/true)); }

TEST_F(CpuStoragePathTest, LoadOffsetsAreAligned) {
  const c10::Storage storage = New(3 * kPieceSize + 5);
  const auto read = [](std::int64_t offset, absl::Span<char>) {
    EXPECT_EQ(offset % StoragePath::kLoadAlignment, 0);
    return absl::OkStatus();
  };
  EXPECT_THAT(path_.Load({{.into = storage, .id = 0, .read = read}}), IsOk());
}

TEST_F(CpuStoragePathTest, AFailedReadFailsTheLoad) {
  const auto fail = [](std::int64_t, absl::Span<char>) { return absl::DataLossError("the file ends early"); };
  EXPECT_THAT(path_.Load({{.into = New(10), .id = 4, .read = fail}}),
              StatusIs(absl::StatusCode::kDataLoss, "the file ends early"));
}

TEST_F(CpuStoragePathTest, ALoadReportsItsProgress) {
  const auto read = [](std::int64_t, absl::Span<char>) { return absl::OkStatus(); };
  const std::vector<StorageLoad> loads = {{.into = New(5 * kPieceSize), .read = read},
                                          {.into = New(0), .read = read},
                                          {.into = New(3 * kPieceSize), .read = read, .in_order = true}};
  std::int64_t reported = 0;  // Not atomic: the calls do not overlap.
  int calls = 0;
  const LoadControl control = {.progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(total, 8 * kPieceSize);
    EXPECT_GT(done, reported);
    reported = done;
    ++calls;
  }};
  ASSERT_THAT(path_.Load(loads, control), IsOk());
  EXPECT_EQ(reported, 8 * kPieceSize);
  EXPECT_GT(calls, 1);
}

TEST_F(CpuStoragePathTest, AStoppedLoadReadsNoFurtherPart) {
  std::stop_source stop;
  std::atomic<int> reads = 0;
  const auto read = [&](std::int64_t, absl::Span<char>) {
    ++reads;
    stop.request_stop();
    return absl::OkStatus();
  };
  EXPECT_THAT(path_.Load({{.into = New(100 * kPieceSize), .read = read}}, {.stop = stop.get_token()}),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("of 209715200 bytes")));
  EXPECT_LT(reads, 100);
}

TEST_F(CpuStoragePathTest, CopiesAllBytes) {
  const std::vector<c10::Storage> from = Filled();
  std::vector<c10::Storage> into;
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < from.size(); ++i) {
    into.push_back(New(Sizes()[i]));
    copies.push_back({.from = from[i], .into = into[i], .id = static_cast<MetaStorageId>(i)});
  }
  ASSERT_THAT(path_.Copy(copies), IsOk());
  ExpectFilled(into);
}

TEST_F(CpuStoragePathTest, RefusesCopiesThatOverlap) {
  const std::vector<c10::Storage> storages = Filled();
  const c10::Storage& storage = storages.back();
  EXPECT_THAT(path_.Copy({{.from = storages[1], .into = New(Sizes()[1]), .id = 3},
                          {.from = storage, .into = storage, .id = 4}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 4 and storage 4")));
  ExpectFilled(storages);
}

TEST_F(CpuStoragePathTest, ZeroesAllBytes) {
  const std::vector<c10::Storage> storages = Filled();
  ASSERT_THAT(path_.Zero(storages), IsOk());
  for (const c10::Storage& storage : storages) {
    const std::string zeros(storage.nbytes(), '\0');
    EXPECT_EQ(storage.nbytes() == 0 ? 0 : std::memcmp(storage.data(), zeros.data(), zeros.size()), 0);
  }
}

// The definition of the checksum, computed word by word without pieces.
std::uint64_t PlainChecksum(const c10::Storage& storage) {
  std::uint64_t sum = ChecksumOfLength(storage.nbytes());
  for (std::size_t i = 0; i < storage.nbytes(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const char*>(storage.data()) + i, std::min<std::size_t>(8, storage.nbytes() - i));
    sum += ChecksumTerm(word, i / 8);
  }
  return sum;
}

TEST_F(CpuStoragePathTest, ChecksumsMatchTheDefinition) {
  const std::vector<c10::Storage> storages = Filled();
  const absl::StatusOr<std::vector<std::uint64_t>> sums = path_.Checksums(storages);
  ASSERT_THAT(sums, IsOk());
  ASSERT_EQ(sums->size(), storages.size());
  for (std::size_t i = 0; i < storages.size(); ++i) EXPECT_EQ((*sums)[i], PlainChecksum(storages[i])) << Sizes()[i];
}

TEST_F(CpuStoragePathTest, ChecksumsDetectAFlippedBitAndAMovedWord) {
  const c10::Storage storage = New(4096);
  ASSERT_THAT(path_.Zero({storage}), IsOk());
  auto* words = static_cast<std::uint64_t*>(storage.mutable_data());
  words[3] = 5;
  const std::uint64_t before = (*path_.Checksums({storage}))[0];
  words[3] = 4;
  EXPECT_NE((*path_.Checksums({storage}))[0], before);
  std::swap(words[3], words[4]);
  words[4] = 5;
  EXPECT_NE((*path_.Checksums({storage}))[0], before);
  std::swap(words[3], words[4]);
  EXPECT_EQ((*path_.Checksums({storage}))[0], before);
}

}  // namespace
}  // namespace metaconv
