// CudaStoragePathOptions: how the storage path for CUDA transfers bytes between host and devices; and SetCudaOptions,
// which sets them for the path that `//cuda` registers.
//
// The defaults suit most machines. Consider more threads for a file system that needs many requests at once, such as a
// network file system, and fewer where other work needs the cores. The pinned memory of a device, for all calls together,
// is at most `buffers` times `buffer_size`.
//
// Example:
//   // In main, before the first storage on CUDA is created:
//   absl::Status status = SetCudaOptions({.threads = 4, .direct_io = false});
//
// Thread safety: SetCudaOptions may be called from any thread.
// Lifetime: the options are copied.

#ifndef METACONV_CUDA_CUDA_OPTIONS_H_
#define METACONV_CUDA_CUDA_OPTIONS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace metaconv {

// One for each core, but at least 8 and at most 16. Threads that wait for storage need no core, and a device that can
// process many requests at once is only fast with as many; on the other side, 16 threads that copy from the page cache
// are faster than a PCIe link.
int DefaultTransferThreads();

struct CudaStoragePathOptions {
  // Pinned buffers of each device, which all calls share: one for each thread, and some that are being transferred. They
  // are allocated when they are needed. 1 to 4096.
  int buffers = 24;
  // 64 KiB to 1 GiB.
  std::int64_t buffer_size = std::int64_t{4} << 20;
  // Storages smaller than this are transferred together, in one buffer and one launch. 0 to 1 GiB.
  std::int64_t small_size = std::int64_t{256} << 10;
  // The number of threads that read files, and read or write host memory, in one call; the calling thread is one of
  // them. 1 to 1024.
  int threads = DefaultTransferThreads();
  // Read files with O_DIRECT, or directly into device memory, where the system allows it, except for ranges that are in
  // the page cache. What is read in this way does not enter the page cache, so another load reads it from storage again.
  bool direct_io = true;
  // Loads of less than this from one file are always through the page cache. At least 0.
  std::int64_t direct_io_size = std::int64_t{64} << 20;

  friend bool operator==(const CudaStoragePathOptions&, const CudaStoragePathOptions&) = default;
};

// Sets the options of the registered path. The last call before its first use counts.
// Errors: kInvalidArgument, with the field and the expected range; kFailedPrecondition if the path was used before.
absl::Status SetCudaOptions(const CudaStoragePathOptions& options);

namespace internal {

// For the registered path: the options that were set, or the defaults. They can no longer be set then.
CudaStoragePathOptions UseCudaOptions();

}  // namespace internal
}  // namespace metaconv

#endif  // METACONV_CUDA_CUDA_OPTIONS_H_
