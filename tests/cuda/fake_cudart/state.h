// StateLock: the lock of the stand-in, and the only way to its state. One lock makes each call of the runtime atomic;
// work runs without it.
//
// Example:
//   StateLock state;
//   state->records.started_work++;
//   while (!is_done) state.Wait(state->progress);
//
// A function that takes a StateLock& is called with the lock held, and may release it while it waits.
//
// Thread safety: one thread for each lock.
// Lifetime: the state is never destroyed, because threads of streams wait on it until the process ends.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_STATE_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_STATE_H_

#include <condition_variable>
#include <mutex>

#include "tests/cuda/fake_cudart/capture.h"
#include "tests/cuda/fake_cudart/devices.h"
#include "tests/cuda/fake_cudart/events.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/cuda/fake_cudart/kernels.h"
#include "tests/cuda/fake_cudart/memory.h"
#include "tests/cuda/fake_cudart/records.h"
#include "tests/cuda/fake_cudart/streams.h"

namespace metaconv::fake_cudart {

struct State {
  FakeCudart::Options options;
  Records records;
  Devices devices;
  Memory memory;
  Streams streams;
  Events events;
  Captures captures;
  Kernels kernels;
  std::condition_variable progress;  // Notified when work is done, due or released.
};

class StateLock {
 public:
  StateLock();

  State* operator->() const;
  void Wait(std::condition_variable& changed) { changed.wait(lock_); }
  void Unlock() { lock_.unlock(); }
  void Lock() { lock_.lock(); }

 private:
  std::unique_lock<std::mutex> lock_;
};

// The options that the environment contains.
FakeCudart::Options InitialOptions();

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_STATE_H_
