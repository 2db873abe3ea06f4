#include "tools/cli/progress.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

namespace metaconv::cli {

Progress::Progress(std::string doing) : doing_(std::move(doing)) {
  if (isatty(STDERR_FILENO) != 0) thread_ = std::thread([this] { Show(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    over_ = true;
  }
  over_changed_.NotifyOne();
  thread_.join();
}

void Progress::Show() {
  using std::chrono::steady_clock;
  constexpr std::string_view kWipe = "\r\x1b[K";  // Carriage return, then erase to the end of the line.
  const steady_clock::time_point start = steady_clock::now();
  bool shown = false;
  const MutexLock lock(mutex_);
  while (true) {
    const steady_clock::time_point next = steady_clock::now() + std::chrono::seconds(1);
    while (!over_ && over_changed_.WaitUntil(mutex_, next)) {
    }
    if (over_) break;
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - start);
    const std::int64_t done = done_.load(std::memory_order_relaxed);
    const std::int64_t total_bytes = total_bytes_.load(std::memory_order_relaxed);
    std::cerr << kWipe << doing_;
    if (total_bytes > 0) {
      std::cerr << ": " << done / 1'000'000 << " of " << total_bytes / 1'000'000 << " MB";
    } else if (done > 0) {
      std::cerr << ": " << done;
    }
    std::cerr << ", " << elapsed.count() << " s" << std::flush;
    shown = true;
  }
  if (shown) std::cerr << kWipe << std::flush;
}

}  // namespace metaconv::cli
