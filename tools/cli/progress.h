// Progress: a progress line on standard error.
//
// It is shown only on a terminal and only after one second, and erased when the work is done.
//
// Example:
//   Progress progress("reading model.pt");
//   …
//   progress.Advance();      // "reading model.pt: 1200, 3 s"
//
// Example, for bytes:
//   progress.SetBytes(done, total);      // "reading model.pt: 1200 of 4096 MB, 3 s"
//
// Thread safety: Advance and SetBytes may be called from any thread.
// Lifetime: the destructor erases the line.

#ifndef METACONV_TOOLS_CLI_PROGRESS_H_
#define METACONV_TOOLS_CLI_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "meta/mutex.h"

namespace metaconv::cli {

class Progress {
 public:
  explicit Progress(std::string doing);
  ~Progress() ABSL_LOCKS_EXCLUDED(mutex_);

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Whether the line can be shown. If not, the caller need not report progress.
  bool is_shown() const { return thread_.joinable(); }

  void Advance() { done_.fetch_add(1, std::memory_order_relaxed); }
  void SetBytes(std::int64_t done, std::int64_t total) {
    total_bytes_.store(total, std::memory_order_relaxed);
    done_.store(done, std::memory_order_relaxed);
  }

 private:
  void Show() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string doing_;
  std::atomic<std::int64_t> done_ = 0;
  std::atomic<std::int64_t> total_bytes_ = 0;  // If not 0, done_ is in bytes.
  Mutex mutex_;
  CondVar over_changed_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_PROGRESS_H_
