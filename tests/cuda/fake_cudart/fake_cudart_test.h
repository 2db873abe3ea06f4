// FakeCudartTest: the fixture of the stand-in's own tests. Each test starts with two devices, and nothing done.
//
// Example:
//   using StreamsTest = FakeCudartTest;
//   TEST_F(StreamsTest, WorkRunsLate) { char* memory = OnDevice(8); ... }
//
// Thread safety: one thread.
// Lifetime: the memory exists until the test ends.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_TEST_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_TEST_H_

#include <cstddef>
#include <string>

#include "cuda_runtime_api.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"

namespace metaconv {

class FakeCudartTest : public testing::Test {
 protected:
  void SetUp() override { FakeCudart::Reset({}); }

  // Memory of the current device. Its content is undefined.
  static char* OnDevice(std::size_t size) {
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, size), cudaSuccess);
    return static_cast<char*>(memory);
  }

  // Pinned memory that contains `text`.
  static char* Pinned(const std::string& text) {
    void* memory = nullptr;
    EXPECT_EQ(cudaHostAlloc(&memory, text.size(), cudaHostAllocPortable), cudaSuccess);
    text.copy(static_cast<char*>(memory), text.size());
    return static_cast<char*>(memory);
  }

  static cudaStream_t NewStream(unsigned int flags = cudaStreamNonBlocking) {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, flags), cudaSuccess);
    return stream;
  }

  static cudaEvent_t NewEvent() {
    cudaEvent_t event = nullptr;
    EXPECT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    return event;
  }

  static cudaError_t CopyAsync(void* into, const void* from, std::size_t size, cudaStream_t stream) {
    return cudaMemcpyAsync(into, from, size, cudaMemcpyDefault, stream);
  }

  // The first bytes of pinned memory, which the host may read.
  static std::string Text(const char* memory, std::size_t size) { return std::string(memory, size); }
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_TEST_H_
