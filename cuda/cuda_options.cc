#include "cuda/cuda_options.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "meta/mutex.h"

namespace metaconv {
namespace {

absl::Status CheckField(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("options for CUDA: ", name, ": expected a number from ", least, " to ", most, ", found ", value));
}

absl::Status Check(const CudaStoragePathOptions& options) {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  absl::Status status = CheckField("buffers", options.buffers, 1, 4096);
  status.Update(CheckField("buffer_size", options.buffer_size, 64 << 10, kGiB));
  status.Update(CheckField("small_size", options.small_size, 0, kGiB));
  status.Update(CheckField("threads", options.threads, 1, 1024));
  status.Update(CheckField("direct_io_size", options.direct_io_size, 0, std::numeric_limits<std::int64_t>::max()));
  return status;
}

// The options of the registered path.
class Registered {
 public:
  absl::Status Set(const CudaStoragePathOptions& options) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (absl::Status status = Check(options); !status.ok()) return status;
    const MutexLock lock(mutex_);
    if (is_used_) {
      return absl::FailedPreconditionError(
          "options for CUDA: expected to be set before the first use of the storage path, found it in use");
    }
    options_ = options;
    return absl::OkStatus();
  }

  CudaStoragePathOptions Use() ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    is_used_ = true;
    return options_;
  }

 private:
  Mutex mutex_;
  CudaStoragePathOptions options_ ABSL_GUARDED_BY(mutex_);
  bool is_used_ ABSL_GUARDED_BY(mutex_) = false;
};

Registered& TheRegistered() {
  static Registered& registered = *new Registered();
  return registered;
}

}  // namespace

int DefaultTransferThreads() { return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 8, 16); }

absl::Status SetCudaOptions(const CudaStoragePathOptions& options) { return TheRegistered().Set(options); }

CudaStoragePathOptions internal::UseCudaOptions() { return TheRegistered().Use(); }

}  // namespace metaconv
