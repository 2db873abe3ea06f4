#include "converter/host_storages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "c10/core/CPUAllocator.h"
#include "c10/core/alignment.h"
#include "converter/fresh_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;

std::vector<c10::Storage> Allocated(const std::vector<std::int64_t>& sizes) {
  std::vector<c10::Storage> storages;
  EXPECT_THAT(AllocateHostStorages(sizes, storages), IsOk());
  EXPECT_EQ(storages.size(), sizes.size());
  return storages;
}

std::uintptr_t AddressOf(const c10::Storage& storage) { return reinterpret_cast<std::uintptr_t>(storage.data()); }

// The number of present bytes, counting only pages that lie completely within the memory.
std::int64_t PresentBytes(std::uintptr_t begin, std::size_t size) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t end = (begin + size) / page * page;
  std::vector<unsigned char> pages((end - first) / page);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(first), end - first, pages.data()), 0);
  return static_cast<std::int64_t>(page) *
         std::ranges::count_if(pages, [](unsigned char present) { return (present & 1) != 0; });
}

// Sizes close to all limits: of small, shared and large storages, and of blocks.
std::vector<std::int64_t> ManySizes() {
  std::vector<std::int64_t> sizes = {0, 1, 63, 64, 65, 128 * kKiB - 1, 128 * kKiB, 128 * kKiB + 1, 768 * kKiB, kMiB};
  for (const std::int64_t size : {2 * kMiB - 1, 2 * kMiB, 2 * kMiB + 1, 5 * kMiB + 3}) sizes.push_back(size);
  for (int i = 0; i < 100; ++i) sizes.push_back(kMiB + 13 * i);  // More than one block.
  return sizes;
}

TEST(HostStoragesTest, StoragesDoNotOverlap) {
  const std::vector<std::int64_t> sizes = ManySizes();
  const std::vector<c10::Storage> storages = Allocated(sizes);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(static_cast<std::int64_t>(storages[i].nbytes()), sizes[i]);
    EXPECT_EQ(storages[i].device(), c10::Device(c10::kCPU));
    EXPECT_EQ(storages[i].allocator(), c10::GetCPUAllocator());
    EXPECT_TRUE(storages[i].resizable());
    EXPECT_EQ(AddressOf(storages[i]) % c10::gAlignment, 0);
    if (sizes[i] > 0) std::memset(storages[i].mutable_data(), static_cast<int>(i), storages[i].nbytes());
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto* const bytes = static_cast<const char*>(storages[i].data());
    EXPECT_TRUE(std::all_of(bytes, bytes + sizes[i], [&](char byte) { return byte == static_cast<char>(i); })) << i;
  }
}

TEST(HostStoragesTest, LargeStoragesBeginAtAHugePage) {
  for (const c10::Storage& storage : Allocated({2 * kMiB, 5 * kMiB + 3, 16 * kMiB, 2 * kMiB})) {
    EXPECT_EQ(AddressOf(storage) % kHugePageSize, 0);
  }
}

TEST(HostStoragesTest, ASingleMediumStorageBeginsAtAHugePageIfItFillsThreeEighths) {
  EXPECT_EQ(AddressOf(Allocated({kMiB})[0]) % kHugePageSize, 0);
  EXPECT_EQ(AddressOf(Allocated({1'000'000})[0]) % kHugePageSize, 0);
}

TEST(HostStoragesTest, MediumStoragesAreAdjacent) {
  const std::vector<c10::Storage> storages = Allocated({kMiB, 300 * kKiB + 1, 7, 500 * kKiB});
  EXPECT_EQ(AddressOf(storages[1]), AddressOf(storages[0]) + kMiB);
  EXPECT_EQ(AddressOf(storages[3]), AddressOf(storages[1]) + 300 * kKiB + 64);
}

TEST(HostStoragesTest, NothingIsPresentBeforeItIsWritten) {
  const c10::Storage storage = Allocated({64 * kMiB})[0];
  EXPECT_EQ(PresentBytes(AddressOf(storage), storage.nbytes()), 0);
}

// Tensors of a model are freed one by one, for example when they are moved to another device.
TEST(HostStoragesTest, AFreedStorageReturnsItsPagesWhileOthersAreAlive) {
  std::vector<c10::Storage> storages = Allocated(std::vector<std::int64_t>(16, kMiB));
  for (const c10::Storage& storage : storages) std::memset(storage.mutable_data(), 5, kMiB);
  const std::uintptr_t begin = AddressOf(storages[0]);
  EXPECT_EQ(PresentBytes(begin, 16 * kMiB), 16 * kMiB);
  const c10::Storage kept = storages[7];
  storages.clear();
  EXPECT_EQ(PresentBytes(begin, 16 * kMiB), kMiB);
  const auto* const bytes = static_cast<const char*>(kept.data());
  EXPECT_TRUE(std::all_of(bytes, bytes + kMiB, [](char byte) { return byte == 5; }));
}

TEST(HostStoragesTest, ThreadsMayFreeStoragesOfOneBlock) {
  std::vector<c10::Storage> storages = Allocated(std::vector<std::int64_t>(64, 256 * kKiB));
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < 4; ++first) {
    threads.emplace_back([&storages, first] {
      for (std::size_t i = first; i < storages.size(); i += 4) {
        std::memset(storages[i].mutable_data(), 1, storages[i].nbytes());
        storages[i] = c10::Storage();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HostStoragesTest, AfterAnErrorTheEarlierStoragesAreReturned) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  std::vector<c10::Storage> storages;
  EXPECT_THAT(AllocateHostStorages({100, kMiB, kHuge, 100}, storages),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("device cpu"), HasSubstr(std::to_string(kHuge)), HasSubstr("free"))));
  EXPECT_EQ(storages.size(), 2);
}

TEST(HostStoragesTest, TheLargestSizeIsAnError) {
  std::vector<c10::Storage> storages;
  EXPECT_THAT(AllocateHostStorages({std::numeric_limits<std::int64_t>::max()}, storages),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("device cpu")));
}

TEST(HostStoragesTest, ASingleStorageHasTheAlignmentOfLibTorch) {
  const absl::StatusOr<c10::Storage> storage = AllocateHostStorage(3 * kMiB);
  ASSERT_THAT(storage, IsOk());
  EXPECT_EQ(AddressOf(*storage) % c10::gAlignment, 0);
  std::memset(storage->mutable_data(), 1, storage->nbytes());
}

}  // namespace
}  // namespace metaconv
