// StoragePathCases: what a CudaStoragePath has to do, as a suite that runs on any CudaRuntime: see the two tests that
// instantiate it, on devices made of host memory and on real ones.
//
// Example:
//   INSTANTIATE_TEST_SUITE_P(Host, StoragePathCases, testing::Values(CaseParameters{"Late", make}), NameOfCase);
//
// Thread safety: one thread.
// Lifetime: each test makes a runtime of its own, and a path.

#ifndef METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_
#define METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "converter/storage_path.h"
#include "cuda/cuda_storage_path.h"
#include "cuda/runtime.h"
#include "gtest/gtest.h"

namespace metaconv {

using Bytes = std::vector<char>;

// A runtime, and what a test needs of it beyond what the path does.
class RuntimeUnderTest {
 public:
  virtual ~RuntimeUnderTest() = default;
  virtual CudaRuntime& runtime() = 0;
  // Makes one of several streams of `device` the calling thread's.
  virtual void UseStream(c10::Device device, int number) = 0;
  // What it found wrong so far, and what is still there when all should be gone.
  virtual std::vector<std::string> Problems() = 0;
};

struct CaseParameters {
  std::string name;
  // An error says why there is no such runtime here.
  std::function<absl::StatusOr<std::unique_ptr<RuntimeUnderTest>>()> make;
  CudaStoragePathOptions options;
};

inline std::string NameOfCase(const testing::TestParamInfo<CaseParameters>& info) { return info.param.name; }

inline c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

// Bytes that differ from place to place and from seed to seed.
Bytes SomeBytes(std::int64_t size, std::uint64_t seed);

// A storage on the CPU with these bytes.
c10::Storage OnCpu(const Bytes& bytes);
Bytes BytesOnCpu(const c10::Storage& storage);

// As converter/checksum.h says it.
std::uint64_t ChecksumOf(const Bytes& bytes);

// A load of `bytes`, which live longer.
StorageLoad LoadOf(const c10::Storage& into, const Bytes& bytes, MetaStorageId id, bool in_order = false);

// The bytes of a storage on CUDA, without the path's help. Waits for the caller's stream.
absl::StatusOr<Bytes> ReadBack(CudaRuntime& runtime, const c10::Storage& storage);

class StoragePathCases : public testing::TestWithParam<CaseParameters> {
 protected:
  void SetUp() override;
  void TearDown() override;

  CudaRuntime& runtime() { return under_test_->runtime(); }
  CudaStoragePath& path() { return *path_; }
  RuntimeUnderTest& under_test() { return *under_test_; }

  // Storages with these bytes, loaded.
  std::vector<c10::Storage> Loaded(const std::vector<Bytes>& all, c10::Device device = Cuda(0));
  // Storages of these sizes, with bytes of no particular value.
  std::vector<c10::Storage> Allocated(const std::vector<Bytes>& all, c10::Device device = Cuda(0));
  void ExpectBytes(const std::vector<c10::Storage>& storages, const std::vector<Bytes>& expected);

 private:
  std::unique_ptr<RuntimeUnderTest> under_test_;
  std::unique_ptr<CudaStoragePath> path_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_STORAGE_PATH_CASES_H_
