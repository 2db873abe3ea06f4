// The cases of StoragePath::Zero and StoragePath::Copy.

#include <cstring>

#include "gmock/gmock.h"
#include "tests/cuda/require_gpu.h"
#include "tests/cuda/storage_path_cases.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A storage that uses a part of another storage, with any alignment.
c10::Storage Part(const c10::Storage& storage, std::int64_t offset, std::int64_t size) {
  char* data = static_cast<char*>(storage.mutable_data()) + offset;
  return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size),
                      c10::DataPtr(data, storage.device()), nullptr, false);
}

}  // namespace

TEST_P(StoragePathCases, Zeroes) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 4);
  const std::vector<c10::Storage> storages = Loaded(all);
  EXPECT_THAT(path().Zero(storages), IsOk());
  std::vector<Bytes> zeros;
  for (const Bytes& bytes : all) zeros.emplace_back(bytes.size());
  ExpectBytes(storages, zeros);
  EXPECT_THAT(path().Zero({}), IsOk());
  EXPECT_THAT(path().Zero({OnCpu(Bytes(8))}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
}

TEST_P(StoragePathCases, CopiesWithinADevice) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 5);
  const std::vector<c10::Storage> from = Loaded(all), into = Allocated(all);
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < all.size(); ++i) copies.push_back({.from = from[i], .into = into[i]});
  EXPECT_THAT(path().Copy(copies), IsOk());
  ExpectBytes(into, all);
}

TEST_P(StoragePathCases, CopiesUnalignedParts) {
  const Bytes bytes = SomeBytes(300'000, 6);
  const c10::Storage from = Loaded({bytes})[0];
  for (const std::int64_t from_at : {0, 1, 8, 13}) {
    for (const std::int64_t into_at : {0, 3, 8, 13}) {
      const std::int64_t size = 200'001;
      const c10::Storage into = Loaded({Bytes(300'000)})[0];
      ASSERT_THAT(path().Copy({{.from = Part(from, from_at, size), .into = Part(into, into_at, size)}}), IsOk());
      Bytes expected(300'000);
      std::copy_n(bytes.begin() + from_at, size, expected.begin() + into_at);
      ExpectBytes({into}, {expected});
      EXPECT_EQ(path().Checksums({Part(into, into_at, size)}).value(),
                std::vector{ChecksumOf(Bytes(expected.begin() + into_at, expected.begin() + into_at + size))});
    }
  }
}

TEST_P(StoragePathCases, CopiesFromAndToTheHost) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 7);
  const std::vector<c10::Storage> on_device = Allocated(all);
  std::vector<c10::Storage> from, into;
  std::vector<StorageCopy> there, back;
  for (std::size_t i = 0; i < all.size(); ++i) {
    from.push_back(OnCpu(all[i]));
    into.push_back(OnCpu(Bytes(all[i].size(), 'x')));
    there.push_back({.from = from[i], .into = on_device[i]});
    back.push_back({.from = on_device[i], .into = into[i]});
  }
  ASSERT_THAT(path().Copy(there), IsOk());
  // The caller may modify the source as soon as the call has returned.
  for (const c10::Storage& storage : from) {
    if (storage.nbytes() > 0) std::memset(storage.mutable_data(), 0, storage.nbytes());
  }
  ASSERT_THAT(path().Copy(back), IsOk());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(BytesOnCpu(into[i]) == all[i]) << i;
}

TEST_P(StoragePathCases, CopiesFromAndToPinnedMemory) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 17);
  const std::vector<c10::Storage> on_device = Allocated(all);
  std::vector<c10::Storage> from, into;
  std::vector<StorageCopy> there, back;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Some storages are not pinned.
    const bool is_pinned = i % 4 != 0;
    from.push_back(is_pinned ? Pinned(runtime(), all[i]) : OnCpu(all[i]));
    into.push_back(is_pinned ? Pinned(runtime(), Bytes(all[i].size(), 'x')) : OnCpu(Bytes(all[i].size(), 'x')));
    there.push_back({.from = from[i], .into = on_device[i]});
    back.push_back({.from = on_device[i], .into = into[i]});
  }
  for (const bool some_only : {false, true}) {
    if (some_only) there.erase(there.begin(), there.end() - 3);
    ASSERT_THAT(path().Zero(on_device), IsOk());
    ASSERT_THAT(path().Copy(there), IsOk());
    // The caller may modify the source as soon as the call has returned.
    for (const StorageCopy& copy : there) {
      if (copy.from.nbytes() > 0) std::memset(copy.from.mutable_data(), 0, copy.from.nbytes());
    }
    ASSERT_THAT(path().Copy(back), IsOk());
    for (std::size_t i = 0; i < all.size() && !some_only; ++i) EXPECT_TRUE(BytesOnCpu(into[i]) == all[i]) << i;
  }
  for (const c10::Storage& storage : into) EXPECT_TRUE(BytesOnCpu(storage) == Bytes(storage.nbytes()));
}

TEST_P(StoragePathCases, CopiesBetweenDevices) {
  const absl::StatusOr<int> devices = runtime().DeviceCount();
  ASSERT_THAT(devices, IsOk());
  if (*devices < 2) {
    RequireGpu(absl::NotFoundError("there is no second GPU"), 2);
    return;
  }
  const std::vector<Bytes> all = ManySizes(GetParam().options, 8);
  for (int round = 0; round < 2; ++round) {
    under_test().UseStream(Cuda(0), round);
    under_test().UseStream(Cuda(1), round);
    const std::vector<c10::Storage> first = Loaded(all, Cuda(0)), second = Allocated(all, Cuda(1)),
                                    third = Allocated(all, Cuda(0));
    std::vector<StorageCopy> there, back;
    for (std::size_t i = 0; i < all.size(); ++i) {
      there.push_back({.from = first[i], .into = second[i]});
      back.push_back({.from = second[i], .into = third[i]});
    }
    // Zeroing before or after the copy must take effect in that order.
    ASSERT_THAT(path().Zero(second), IsOk());
    ASSERT_THAT(path().Copy(there), IsOk());
    ASSERT_THAT(path().Zero(first), IsOk());
    ASSERT_THAT(path().Copy(back), IsOk());
    ASSERT_THAT(path().Zero(second), IsOk());
    ExpectBytes(third, all);
  }
}

TEST_P(StoragePathCases, RefusesInvalidCopies) {
  const Bytes bytes(8);
  const std::vector<c10::Storage> storages = Loaded({Bytes(8), Bytes(9)});
  EXPECT_THAT(
      path().Copy({{.from = storages[0], .into = storages[1], .id = 5}}),
      StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 5"), HasSubstr("8 bytes do not fit 9"))));
  EXPECT_THAT(path().Copy({{.from = OnCpu(Bytes(8)), .into = OnCpu(Bytes(8)), .id = 6}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 6"), HasSubstr("cpu to cpu"))));
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = c10::Storage(), .id = 7}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 7")));
  EXPECT_THAT(path().Load({LoadOf(OnCpu(bytes), bytes, 8)}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 8"), HasSubstr("cpu"))));
}

TEST_P(StoragePathCases, RefusesCopiesThatOverlap) {
  const std::vector<Bytes> all = {SomeBytes(1000, 1), SomeBytes(1000, 2)};
  const std::vector<c10::Storage> storages = Loaded(all);
  const c10::Storage on_cpu = OnCpu(all[0]);
  // The second copy writes what the first one reads.
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = on_cpu, .id = 5},
                           {.from = Part(storages[1], 0, 500), .into = Part(storages[0], 500, 500), .id = 6}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 5"), HasSubstr("storage 6"))));
  // Both copies write the same byte.
  EXPECT_THAT(path().Copy({{.from = on_cpu, .into = storages[0], .id = 7},
                           {.from = Part(storages[1], 0, 1), .into = Part(storages[0], 999, 1), .id = 8}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 7"), HasSubstr("storage 8"))));
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = storages[0], .id = 9}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 9 and storage 9")));
  ExpectBytes(storages, all);
}
}  // namespace metaconv
