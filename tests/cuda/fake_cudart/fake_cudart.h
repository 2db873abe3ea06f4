// FakeCudart: controls the stand-in for libcudart, a shared library with the symbols and the soname of the CUDA runtime.
// LibTorch's own libc10_cuda and our own CudaRuntime run on it unchanged, on machines without a GPU. Its devices are in
// host memory.
//
// Example:
//   FakeCudart::Reset({.devices = 1});
//   FakeCudart::FailNext("cudaMalloc", cudaErrorMemoryAllocation);
//   EXPECT_EQ(cudaMalloc(&memory, 8), cudaErrorMemoryAllocation);
//   EXPECT_EQ(FakeCudart::CallsOf("cudaMalloc"), 1);
//
// Behaviour:
//   Work on a stream runs late, on a thread of that stream: not before a call waits for it or asks whether it is done.
//   Work that fails is for good: its device returns the error from each later call, as CUDA does after a kernel fault.
//   Work may access memory of its own device, memory of devices whose access was enabled, and pinned host memory. Any
//   other access is cudaErrorIllegalAddress. This is stricter than CUDA, which also copies from pageable host memory and
//   between devices without peer access.
//   A kernel runs as a function on the host that a test registers: see RegisterKernel.
//   Streams can be captured. The captured work is counted, and cannot be run.
//   After fork() the child's calls fail, if the parent had used the runtime.
// A function that neither LibTorch's c10 nor we need returns cudaErrorNotSupported.
//
// The first call reads the initial options from the environment, so that one program can be run with several:
//   FAKE_CUDART_DEVICES       Options::devices
//   FAKE_CUDART_DRIVER_ERROR  the name of Options::driver_error, such as cudaErrorInsufficientDriver
//   FAKE_CUDART_CONTEXT_ERROR the name of Options::context_error, such as cudaErrorDevicesUnavailable
//
// Thread safety: Thread-safe, as the runtime is.
// Lifetime: static. Reset must not be called while other threads use the runtime, nor after LibTorch has used it:
// LibTorch keeps streams and memory until the process ends.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cuda_runtime_api.h"

namespace metaconv {

class FakeCudart {
 public:
  struct Options {
    int devices = 2;
    std::size_t memory_per_device = std::size_t{1} << 30;
    std::size_t pinned_memory = std::size_t{1} << 30;
    // 0: work runs as late as possible. Otherwise: some of it runs early, by a random choice.
    std::uint64_t seed = 0;
    // Returned by each call that needs the driver. 0 as the driver's version means that there is none.
    cudaError_t driver_error = cudaSuccess;
    int driver_version = 13000;
    // Returned by each call that would create the context of a device.
    cudaError_t context_error = cudaSuccess;
    // Whether the kernels contain code for the devices.
    bool has_kernel_images = true;
    // Whether the devices can access each other's memory, once it is enabled.
    bool can_access_peers = true;
  };

  // The number of objects that were created and not yet destroyed.
  struct Live {
    int device_memories = 0;
    int pinned_memories = 0;
    int registered_memories = 0;
    int streams = 0;
    int events = 0;
    friend bool operator==(const Live&, const Live&) = default;
  };

  // One launch of a kernel.
  struct Launch {
    std::string kernel;  // The mangled name.
    int device = 0;
    dim3 grid;
    dim3 block;
    void** arguments = nullptr;
  };
  // Returns the error of the kernel; each one is for good.
  using KernelOnHost = std::function<cudaError_t(const Launch&)>;

  FakeCudart() = delete;

  // Waits for all work, and returns to the state before the first call, also of the calling thread: its current device,
  // its pending error and its capture mode. Registered kernels remain.
  static void Reset(const Options& options);
  // Changes the options for calls from now on. The number of devices must stay the same.
  static void Configure(const Options& options);
  static Options CurrentOptions();

  // The next call of the runtime function `name` fails and has no effect; with `after`, the one after that many calls.
  static void FailNext(const std::string& name, cudaError_t error, int after = 0);
  // The next work that starts with `part_of_name` in its name fails, for good. The name is that of the runtime function,
  // or the mangled name of the kernel.
  static void FailNextWork(const std::string& part_of_name, cudaError_t error = cudaErrorIllegalAddress);
  // The device returns `error` from each call from now on, as if work had failed.
  static void Break(int device, cudaError_t error = cudaErrorIllegalAddress);
  // Sets the calling thread's pending error, as if other code had not asked for the error of its call.
  static void SetPendingError(cudaError_t error);

  // No work of the stream runs until it is released or destroyed. Calls that wait for it, such as cudaFree, do not return
  // before that. Null is the default stream of the calling thread's current device.
  static void BlockStream(cudaStream_t stream);
  static void ReleaseStream(cudaStream_t stream);

  // Runs kernels whose mangled name contains `part_of_name` by this function, on the threads of their streams.
  // `argument_sizes` are the sizes of the kernel's parameters, which are copied at the launch.
  static void RegisterKernel(const std::string& part_of_name, const std::vector<std::size_t>& argument_sizes,
                             KernelOnHost run);
  // For kernels on the host: whether the device that runs the calling kernel may access these bytes.
  static bool CanAccess(const void* data, std::size_t size);

  // The number of calls since Reset or ForgetCalls, failed ones too.
  static int CallsOf(const std::string& name);
  static int Calls();
  static void ForgetCalls();
  // The number of pieces of work that were started, that have run, and that were captured, since Reset.
  static int StartedWork();
  static int FinishedWork();
  static int CapturedWork();
  static Live LiveObjects();
  // The flags of the events that were created, in order.
  static std::vector<unsigned int> EventFlags();
  // Whether the device has a context. It is created by the first call that uses the device.
  static bool HasContext(int device);
  // The error that the device returns from each call.
  static cudaError_t FaultOf(int device);
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_FAKE_CUDART_H_
