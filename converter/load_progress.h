// LoadProgress: reports the progress of one load to the function in its LoadControl, and checks whether to stop.
//
// For implementations of StoragePath::Load and of data sources.
//
// Example:
//   LoadProgress progress(control, total_bytes);
//   // On each thread, for each part:
//   if (absl::Status status = progress.CheckStop(); !status.ok()) return status;
//   …                                                                    // Read the part.
//   if (absl::Status status = progress.Add(part.size()); !status.ok()) return status;
//
// The progress function is called without a lock. While it runs, other threads count their parts and continue; the
// thread that called it then reports these parts too. Once the threads are joined, all parts have been reported.
//
// Thread safety: Thread-safe.
// Lifetime: the control must outlive it.

#ifndef METACONV_CONVERTER_LOAD_PROGRESS_H_
#define METACONV_CONVERTER_LOAD_PROGRESS_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "converter/storage_path.h"
#include "meta/mutex.h"

namespace metaconv {

class LoadProgress {
 public:
  LoadProgress(const LoadControl& control, std::int64_t total)
      : control_(control), total_(total), is_used_(control.progress != nullptr || control.stop.stop_possible()) {}

  LoadProgress(const LoadProgress&) = delete;
  LoadProgress& operator=(const LoadProgress&) = delete;

  // Returns kCancelled, with the number of loaded bytes, if the caller has requested a stop.
  absl::Status CheckStop() const ABSL_LOCKS_EXCLUDED(mutex_) {
    return control_.stop.stop_requested() ? Stopped() : absl::OkStatus();
  }

  // Counts `size` bytes as loaded, and reports them unless another thread will. Errors: an exception that the progress
  // function threw; it is not called again then.
  absl::Status Add(std::int64_t size) ABSL_LOCKS_EXCLUDED(mutex_) {
    return is_used_ ? CountAndReport(size) : absl::OkStatus();
  }

 private:
  absl::Status Stopped() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status CountAndReport(std::int64_t size) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the calling thread has to report `done`.
  bool Next(std::int64_t& done) ABSL_LOCKS_EXCLUDED(mutex_);

  const LoadControl& control_;
  const std::int64_t total_;
  const bool is_used_;
  mutable Mutex mutex_;
  std::int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t reported_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_reporting_ ABSL_GUARDED_BY(mutex_) = false;  // Remains set if the progress function threw.
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_LOAD_PROGRESS_H_
