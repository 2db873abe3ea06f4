#include "benchmarks/works/thread_team.h"

namespace metaconv {

ThreadTeam::ThreadTeam(int count, std::function<void(int thread)> job) : ready_(count), start_(1), done_(count) {
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, i, job] {
      ready_.count_down();
      start_.wait();
      if (dismissed_) return;
      job(i);
      done_.count_down();
    });
  }
  ready_.wait();
}

ThreadTeam::~ThreadTeam() {
  if (!start_.try_wait()) {
    dismissed_ = true;
    start_.count_down();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::Run() {
  start_.count_down();
  done_.wait();
}

}  // namespace metaconv
