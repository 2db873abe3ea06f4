// StoragePathCases: a test suite for CudaStoragePath that runs with any CudaRuntime. Three tests instantiate it: with the
// test double, on the stand-in for libcudart, and on real devices.
//
// Example:
//   INSTANTIATE_TEST_SUITE_P(Host, StoragePathCases, testing::Values(CaseParameters{"Late", make}), NameOfCase);
//
// Thread safety: one thread.
// Lifetime: each test creates its own runtime and path.

#ifndef METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_
#define METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "c10/core/Stream.h"
#include "converter/storage_path.h"
#include "cuda/cuda_storage_path.h"
#include "cuda/runtime/runtime.h"
#include "gtest/gtest.h"
#include "tests/cuda/temporary_file.h"

namespace metaconv {

using Bytes = std::vector<char>;

// A runtime, and functions that tests need in addition.
class RuntimeUnderTest {
 public:
  virtual ~RuntimeUnderTest() = default;
  virtual CudaRuntime& runtime() = 0;
  // Sets the calling thread's current stream on `device` to one of several.
  virtual void UseStream(c10::Device device, int number) = 0;
  // Work of `stream` does not run until Unblock. No stream may be blocked at the end.
  virtual void Block(c10::Stream stream) = 0;
  virtual void Unblock(c10::Stream stream) = 0;
  // The errors detected so far, including leaks at the end.
  virtual std::vector<std::string> Problems() = 0;
};

struct CaseParameters {
  std::string name;
  // Returns an error with the reason if there is no such runtime on this machine.
  std::function<absl::StatusOr<std::unique_ptr<RuntimeUnderTest>>()> make;
  CudaStoragePathOptions options;
};

// For messages of GoogleTest.
inline void PrintTo(const CaseParameters& parameters, std::ostream* into) { *into << parameters.name; }

inline std::string NameOfCase(const testing::TestParamInfo<CaseParameters>& info) { return info.param.name; }

inline c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

// Pseudorandom bytes that depend on the seed.
Bytes SomeBytes(std::int64_t size, std::uint64_t seed);

// Bytes of many sizes, also close to the limits for splitting and packing.
std::vector<Bytes> ManySizes(const CudaStoragePathOptions& options, std::uint64_t seed);

// A storage on the CPU with these bytes.
c10::Storage OnCpu(const Bytes& bytes);
Bytes BytesOnCpu(const c10::Storage& storage);

// The checksum defined in meta/checksum.h.
std::uint64_t ChecksumOf(const Bytes& bytes);

// A load item that reads `bytes`, which must outlive it.
StorageLoad LoadOf(const c10::Storage& into, const Bytes& bytes, MetaStorageId id, bool in_order = false);

// A storage on the CPU with these bytes in pinned memory; in other memory if there are none, or if it cannot be allocated.
c10::Storage Pinned(CudaRuntime& runtime, const Bytes& bytes);

// A file with the bytes of storages, each followed by `gap` other bytes.
class StoragesInFile {
 public:
  StoragesInFile(const std::string& folder, const std::vector<Bytes>& all, std::int64_t gap);

  FilePlace Place(std::size_t i) const { return {.descriptor = file_->descriptor(), .offset = offsets_[i]}; }
  const TemporaryFile& file() const { return *file_; }
  const Bytes& content() const { return content_; }

 private:
  Bytes content_;
  std::vector<std::int64_t> offsets_;
  std::optional<TemporaryFile> file_;
};

// The bytes of a storage on CUDA, read without using the path. Waits for the caller's stream.
absl::StatusOr<Bytes> ReadBack(CudaRuntime& runtime, const c10::Storage& storage);

class StoragePathCases : public testing::TestWithParam<CaseParameters> {
 protected:
  void SetUp() override;
  void TearDown() override;

  CudaRuntime& runtime() { return under_test_->runtime(); }
  CudaStoragePath& path() { return *path_; }
  RuntimeUnderTest& under_test() { return *under_test_; }

  // Loads storages with these bytes.
  std::vector<c10::Storage> Loaded(const std::vector<Bytes>& all, c10::Device device = Cuda(0));
  // Uninitialized storages of these sizes.
  std::vector<c10::Storage> Allocated(const std::vector<Bytes>& all, c10::Device device = Cuda(0));
  void ExpectBytes(const std::vector<c10::Storage>& storages, const std::vector<Bytes>& expected);

 private:
  std::unique_ptr<RuntimeUnderTest> under_test_;
  std::unique_ptr<CudaStoragePath> path_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_
