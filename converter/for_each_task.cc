#include "converter/for_each_task.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

class Tasks {
 public:
  Tasks(std::size_t count, absl::FunctionRef<absl::Status(std::size_t)> work)
      : count_(count), work_(work), failed_(count) {}

  // Runs tasks until none is left or one has failed.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::size_t task = 0;
    while (Next(task)) {
      absl::Status status = CatchTorch("task", [&] { return work_(task); });
      if (!status.ok()) Fail(task, std::move(status));
    }
  }

  absl::Status status() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  bool Next(std::size_t& task) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (next_ == count_ || !status_.ok()) return false;
    task = next_++;
    return true;
  }

  void Fail(std::size_t task, absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (task >= failed_) return;
    failed_ = task;
    status_ = std::move(status);
  }

  const std::size_t count_;
  const absl::FunctionRef<absl::Status(std::size_t)> work_;
  absl::Mutex mutex_;
  std::size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t failed_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status ForEachTask(std::size_t count, int threads, absl::FunctionRef<absl::Status(std::size_t)> work) {
  Tasks tasks(count, work);
  std::vector<std::thread> others;
  const std::size_t wanted = std::min(count, static_cast<std::size_t>(threads));
  others.reserve(wanted);
  while (others.size() + 1 < wanted) {
    if (!CatchTorch("starting a thread", [&] { others.emplace_back([&] { tasks.Run(); }); }).ok()) break;
  }
  tasks.Run();
  for (std::thread& other : others) other.join();
  return tasks.status();
}

}  // namespace metaconv
