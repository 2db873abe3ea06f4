#include "tests/cuda/storage_path_cases.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "c10/core/CPUAllocator.h"
#include "gmock/gmock.h"
#include "meta/checksum.h"
#include "tests/cuda/require_gpu.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

}  // namespace

std::vector<Bytes> ManySizes(const CudaStoragePathOptions& options, std::uint64_t seed) {
  std::vector<std::int64_t> sizes = {0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 255, 256, 1000, 4096, 100'003};
  for (const std::int64_t limit : {options.small_size, options.buffer_size, 2 * options.buffer_size}) {
    for (const std::int64_t size : {limit - 1, limit, limit + 1}) sizes.push_back(size);
  }
  for (int i = 0; i < 40; ++i) sizes.push_back(static_cast<std::int64_t>(MixBits(seed + i) % 700));
  std::vector<Bytes> all;
  for (const std::int64_t size : sizes) all.push_back(SomeBytes(size, ++seed));
  return all;
}

StoragesInFile::StoragesInFile(const std::string& folder, const std::vector<Bytes>& all, std::int64_t gap) {
  content_.resize(77);
  for (const Bytes& bytes : all) {
    offsets_.push_back(static_cast<std::int64_t>(content_.size()));
    content_.insert(content_.end(), bytes.begin(), bytes.end());
    content_.insert(content_.end(), static_cast<std::size_t>(gap), 'g');
  }
  file_.emplace(folder, content_);
}

c10::Storage Pinned(CudaRuntime& runtime, const Bytes& bytes) {
  if (bytes.empty()) return OnCpu(bytes);
  absl::StatusOr<PinnedMemory> memory = runtime.AllocatePinned(Cuda(0), static_cast<std::int64_t>(bytes.size()));
  if (!memory.ok()) return OnCpu(bytes);
  auto* owner = new PinnedMemory(*std::move(memory));
  std::memcpy(owner->get(), bytes.data(), bytes.size());
  return c10::Storage(c10::Storage::use_byte_size_t(), bytes.size(),
                      c10::DataPtr(
                          owner->get(), owner, [](void* context) { delete static_cast<PinnedMemory*>(context); },
                          c10::Device(c10::DeviceType::CPU)),
                      nullptr, false);
}

Bytes SomeBytes(std::int64_t size, std::uint64_t seed) {
  Bytes bytes(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(MixBits(seed * 0x10001 + i));
  return bytes;
}

c10::Storage OnCpu(const Bytes& bytes) {
  c10::Allocator* allocator = c10::GetCPUAllocator();
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes.size(), allocator->allocate(bytes.size()), allocator,
                       true);
  if (!bytes.empty()) std::memcpy(storage.mutable_data(), bytes.data(), bytes.size());
  return storage;
}

Bytes BytesOnCpu(const c10::Storage& storage) {
  const char* data = static_cast<const char*>(storage.data());
  return Bytes(data, data + storage.nbytes());
}

std::uint64_t ChecksumOf(const Bytes& bytes) {
  std::uint64_t sum = ChecksumOfLength(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    sum += ChecksumTerm(word, i / 8);
  }
  return sum;
}

StorageLoad LoadOf(const c10::Storage& into, const Bytes& bytes, MetaStorageId id, bool in_order) {
  return {.into = into,
          .id = id,
          .read =
              [&bytes](std::int64_t offset, absl::Span<char> to) {
                if (offset < 0 || offset + to.size() > bytes.size()) return absl::OutOfRangeError("beyond the end");
                std::memcpy(to.data(), bytes.data() + offset, to.size());
                return absl::OkStatus();
              },
          .in_order = in_order};
}

absl::StatusOr<Bytes> ReadBack(CudaRuntime& runtime, const c10::Storage& storage) {
  Bytes bytes(storage.nbytes());
  if (bytes.empty()) return bytes;
  const absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(storage.device());
  if (!stream.ok()) return stream.status();
  const auto size = static_cast<std::int64_t>(bytes.size());
  const absl::StatusOr<PinnedMemory> pinned = runtime.AllocatePinned(storage.device(), size);
  if (!pinned.ok()) return pinned.status();
  absl::Status status = runtime.Copy(pinned->get(), storage.data(), size, *stream);
  status.Update(runtime.Synchronize(*stream));
  if (!status.ok()) return status;
  std::memcpy(bytes.data(), pinned->get(), bytes.size());
  return bytes;
}

void StoragePathCases::SetUp() {
  absl::StatusOr<std::unique_ptr<RuntimeUnderTest>> made = GetParam().make();
  if (!RequireGpu(made.status())) return;
  under_test_ = *std::move(made);
  path_ = std::make_unique<CudaStoragePath>(under_test_->runtime(), GetParam().options);
}

void StoragePathCases::TearDown() {
  path_ = nullptr;
  if (under_test_ != nullptr) {
    EXPECT_THAT(under_test_->Problems(), IsEmpty());
  }
}

std::vector<c10::Storage> StoragePathCases::Allocated(const std::vector<Bytes>& all, c10::Device device) {
  std::vector<c10::Storage> storages;
  for (const Bytes& bytes : all) {
    absl::StatusOr<c10::Storage> storage = path().Allocate(device, static_cast<std::int64_t>(bytes.size()));
    EXPECT_THAT(storage, IsOk());
    storages.push_back(storage.value_or(c10::Storage()));
  }
  return storages;
}

std::vector<c10::Storage> StoragePathCases::Loaded(const std::vector<Bytes>& all, c10::Device device) {
  std::vector<c10::Storage> storages = Allocated(all, device);
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
  EXPECT_THAT(path().Load(loads), IsOk());
  return storages;
}

void StoragePathCases::ExpectBytes(const std::vector<c10::Storage>& storages, const std::vector<Bytes>& expected) {
  ASSERT_EQ(storages.size(), expected.size());
  for (std::size_t i = 0; i < storages.size(); ++i) {
    const absl::StatusOr<Bytes> found = ReadBack(runtime(), storages[i]);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(*found == expected[i]) << "storage " << i << " of " << expected[i].size() << " bytes";
  }
}

TEST_P(StoragePathCases, Allocates) {
  for (const std::int64_t size : {0, 1, 100, 5'000'000}) {
    const absl::StatusOr<c10::Storage> storage = path().Allocate(Cuda(0), size);
    ASSERT_THAT(storage, IsOk());
    EXPECT_EQ(storage->device(), Cuda(0));
    EXPECT_EQ(storage->nbytes(), static_cast<std::size_t>(size));
    EXPECT_EQ(storage->data() == nullptr, size == 0);
  }
}

TEST_P(StoragePathCases, RefusesInvalidSizesAndDevices) {
  EXPECT_THAT(path().Allocate(Cuda(0), -1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1 bytes")));
  EXPECT_THAT(path().Allocate(c10::Device("cpu"), 8), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
  for (const std::int64_t size : {0, 8}) {
    EXPECT_THAT(path().Allocate(Cuda(99), size), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
  }
  EXPECT_THAT(path().Wait(Cuda(99)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
  EXPECT_THAT(path().Wait(c10::Device("cpu")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
}

TEST_P(StoragePathCases, OutOfMemoryIsAnError) {
  const std::int64_t size = std::int64_t{1} << 50;
  const absl::StatusOr<CudaMemoryInfo> info = runtime().MemoryInfo(Cuda(0));
  ASSERT_THAT(info, IsOk());
  EXPECT_THAT(path().Allocate(Cuda(0), size),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("cuda:0"), HasSubstr(std::to_string(size) + " bytes wanted"),
                             HasSubstr("of " + std::to_string(info->total_bytes) + " bytes free"))));
  EXPECT_THAT(path().Allocate(Cuda(0), 8), IsOk());
}

TEST_P(StoragePathCases, ComputesChecksums) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 9);
  const absl::StatusOr<std::vector<std::uint64_t>> sums = path().Checksums(Loaded(all));
  ASSERT_THAT(sums, IsOk());
  ASSERT_EQ(sums->size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ((*sums)[i], ChecksumOf(all[i])) << all[i].size();
  EXPECT_THAT(path().Checksums({}).value(), IsEmpty());
}
}  // namespace metaconv
