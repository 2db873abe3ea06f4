// Streams: queues of work, each with a thread of its own.
//
// Example:
//   Enqueue(state, stream, {.name = "cudaMemsetAsync", .run = [=] { return Fill(data, value, size); }});
//   WaitForStream(state, *stream);
//
// A thread runs a piece of work when it is due: when a call waits for it, or asks whether it is done, or by a random
// choice. Work runs without the lock.
//
// Thread safety: guarded by the StateLock.
// Lifetime: the thread, the events and the work that waits for it share a stream.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_STREAMS_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_STREAMS_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "driver_types.h"

namespace metaconv::fake_cudart {

class StateLock;
struct Capture;
struct Stream;

// The point after the first `number` pieces of work of a stream. Default: a point that was always reached.
struct Point {
  std::shared_ptr<Stream> stream;
  std::uint64_t number = 0;
};

struct Work {
  std::string name;
  std::function<cudaError_t()> run = nullptr;
  std::vector<Point> after = {};  // Points of other streams that must be reached before.
};

struct Stream {
  int device = 0;
  unsigned int flags = cudaStreamDefault;
  int priority = 0;
  bool is_default = false;
  std::deque<Work> pending;
  std::uint64_t started = 0, due = 0, done = 0;  // Numbers of pieces of work.
  bool is_blocked = false;
  bool is_destroyed = false;
  bool has_thread = false;
  std::condition_variable wake;      // Notified when work is due, or the stream is released or destroyed.
  std::shared_ptr<Capture> capture;  // Null if the stream is not captured.
};

struct Streams {
  std::map<cudaStream_t, std::shared_ptr<Stream>> created;
  std::map<int, std::shared_ptr<Stream>> defaults;  // By device.
  int threads = 0;
  std::uint64_t random = 0;
};

// The stream of a handle, or null. Null and cudaStreamLegacy are the default stream of the current device.
std::shared_ptr<Stream> FindStream(StateLock& state, cudaStream_t stream);

// Starts work, or records it if the stream is captured.
cudaError_t Enqueue(StateLock& state, const std::shared_ptr<Stream>& stream, Work work);

bool IsReached(const Point& point);
void MakeDue(StateLock& state, const Point& point);
void WaitFor(StateLock& state, const Point& point);

// The point after all work that was started on the stream.
Point EndOf(const std::shared_ptr<Stream>& stream);
void WaitForDevice(StateLock& state, int device);

// No work of a blocked stream runs, unless its device has failed.
void SetBlocked(StateLock& state, Stream& stream, bool is_blocked);

// Lets the device's streams see that the device has failed.
void WakeStreams(StateLock& state, int device);

// Runs all work, and ends all threads.
void EndStreams(StateLock& state);

// The device whose work the calling thread runs, or -1.
int RunningDevice();

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_STREAMS_H_
