// RunThreads: runs a function on many threads, which start it at the same time.
//
// Example:
//   RunThreads(8, [&](int i) { results[i] = converter.Convert(tensor); });
//
// Thread safety: `work` is called from `count` threads at once.
// Lifetime: all threads have finished when it returns.

#ifndef METACONV_TESTS_TESTING_RUN_THREADS_H_
#define METACONV_TESTS_TESTING_RUN_THREADS_H_

#include <barrier>
#include <thread>
#include <vector>

namespace metaconv {

template <typename Work>
void RunThreads(int count, Work work) {
  std::barrier start(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RUN_THREADS_H_
