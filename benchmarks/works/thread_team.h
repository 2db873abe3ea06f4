// ThreadTeam: threads that are started in advance, so that starting them is not measured.
//
// Example:
//   ThreadTeam team(8, [&](int thread) { Convert(parts[thread]); });
//   team.Run();
//
// Thread safety: Thread-compatible.
// Lifetime: the destructor joins the threads.

#ifndef METACONV_BENCHMARKS_WORKS_THREAD_TEAM_H_
#define METACONV_BENCHMARKS_WORKS_THREAD_TEAM_H_

#include <functional>
#include <latch>
#include <thread>
#include <vector>

namespace metaconv {

class ThreadTeam {
 public:
  ThreadTeam(int count, std::function<void(int thread)> job);
  ~ThreadTeam();

  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // Releases all threads at once and waits until all have finished. Call it at most once.
  void Run();

 private:
  bool dismissed_ = false;  // Written before `start_` counts down, read afterwards.
  std::latch ready_;
  std::latch start_;
  std::latch done_;
  std::vector<std::thread> threads_;
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_THREAD_TEAM_H_
