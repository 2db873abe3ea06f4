#include "converter/load_progress.h"

#include "absl/strings/str_cat.h"
#include "meta/torch_status.h"

namespace metaconv {

absl::Status LoadProgress::Stopped() const {
  const MutexLock lock(mutex_);
  return absl::CancelledError(absl::StrCat("loading: stopped by the caller after ", done_, " of ", total_, " bytes"));
}

absl::Status LoadProgress::CountAndReport(std::int64_t size) {
  {
    const MutexLock lock(mutex_);
    done_ += size;
    if (is_reporting_ || control_.progress == nullptr) return absl::OkStatus();
    is_reporting_ = true;
  }
  std::int64_t done = 0;
  while (Next(done)) {
    absl::Status status = CatchTorch("reporting the progress of a load", [&] { control_.progress(done, total_); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

bool LoadProgress::Next(std::int64_t& done) {
  const MutexLock lock(mutex_);
  is_reporting_ = done_ > reported_;
  done = reported_ = done_;
  return is_reporting_;
}

}  // namespace metaconv
