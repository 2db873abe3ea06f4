// Registration and launch of kernels: the functions that nvcc's code calls, and cudaLaunchKernel.

#include "tests/cuda/fake_cudart/kernels.h"

#include <cstring>
#include <memory>
#include <utility>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

constexpr unsigned int kMaxThreadsPerBlock = 1024;

// Between `kernel<<<...>>>` and the call of the kernel's host function.
struct LaunchConfiguration {
  dim3 grid;
  dim3 block;
  std::size_t shared_memory = 0;
  cudaStream_t stream = nullptr;
};
thread_local std::vector<LaunchConfiguration> configurations;

// Copies of a launch's arguments: the launch returns before the kernel runs.
class Arguments {
 public:
  Arguments(const std::vector<std::size_t>& sizes, void** arguments) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      // As large as a kernel's parameters can be aligned.
      values_.emplace_back(sizes[i] / sizeof(std::max_align_t) + 1);
      std::memcpy(values_.back().data(), arguments[i], sizes[i]);
      pointers_.push_back(values_.back().data());
    }
  }
  void** pointers() { return pointers_.data(); }

 private:
  std::vector<std::vector<std::max_align_t>> values_;
  std::vector<void*> pointers_;
};

const HostKernel* FindOnHost(StateLock& state, const std::string& name) {
  for (const HostKernel& kernel : state->kernels.on_host) {
    if (name.find(kernel.part_of_name) != std::string::npos) return &kernel;
  }
  return nullptr;
}

bool IsEmpty(const dim3& size) { return size.x == 0 || size.y == 0 || size.z == 0; }

cudaError_t Launch(StateLock& state, const Kernel* kernel, const LaunchConfiguration& at, void** arguments) {
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (IsEmpty(at.grid) || IsEmpty(at.block) || at.block.x * at.block.y * at.block.z > kMaxThreadsPerBlock) {
    return cudaErrorInvalidConfiguration;
  }
  const std::shared_ptr<Stream> stream = FindStream(state, at.stream);
  if (stream == nullptr || stream->device != CurrentDevice()) return cudaErrorInvalidResourceHandle;
  if (!state->options.has_kernel_images) return cudaErrorNoKernelImageForDevice;
  const HostKernel* on_host = FindOnHost(state, kernel->name);
  if (on_host == nullptr) return cudaErrorInvalidDeviceFunction;

  FakeCudart::Launch launch = {.kernel = kernel->name, .device = stream->device, .grid = at.grid, .block = at.block};
  auto copied = std::make_shared<Arguments>(on_host->argument_sizes, arguments);
  return Enqueue(state, stream,
                 {.name = kernel->name, .run = [run = on_host->run, launch = std::move(launch), copied]() mutable {
                    launch.arguments = copied->pointers();
                    return run(launch);
                  }});
}

const Kernel* FindKernel(StateLock& state, const void* function) {
  const auto found = state->kernels.registered.find(function);
  return found == state->kernels.registered.end() ? nullptr : &found->second;
}

}  // namespace

extern "C" {

void** __cudaRegisterFatBinary(void* binary) { return static_cast<void**>(binary); }
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void**, const char* host_function, char*, const char* name, int, uint3*, uint3*, dim3*,
                            dim3*, int*) {
  StateLock state;
  state->kernels.registered[host_function] = {.name = name};
}

unsigned int __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_memory, cudaStream_t stream) {
  configurations.push_back({grid, block, shared_memory, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_memory, void* stream) {
  if (configurations.empty()) return Pending(cudaErrorMissingConfiguration);
  const LaunchConfiguration& at = configurations.back();
  *grid = at.grid;
  *block = at.block;
  *shared_memory = at.shared_memory;
  *static_cast<cudaStream_t*>(stream) = at.stream;
  configurations.pop_back();
  return cudaSuccess;
}

// nvcc's code calls it once for each kernel and keeps the handle, so it succeeds without a device too.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* host_function) {
  if (IsForkedChild()) return Pending(cudaErrorInitializationError);
  StateLock state;
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<Kernel*>(FindKernel(state, host_function)));
  return *kernel != nullptr ? cudaSuccess : Pending(cudaErrorInvalidDeviceFunction);
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared_memory,
                               cudaStream_t stream) {
  return RunCall("cudaLaunchKernel", Needs::kContext, [&](StateLock& state) {
    return Launch(state, reinterpret_cast<const Kernel*>(kernel), {grid, block, shared_memory, stream}, arguments);
  });
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, std::size_t shared_memory,
                             cudaStream_t stream) {
  return RunCall("cudaLaunchKernel", Needs::kContext, [&](StateLock& state) {
    return Launch(state, FindKernel(state, function), {grid, block, shared_memory, stream}, arguments);
  });
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
  return RunCall("cudaLaunchKernelExC", Needs::kContext, [&](StateLock& state) {
    if (config == nullptr) return cudaErrorInvalidValue;
    if (config->numAttrs != 0) return cudaErrorNotSupported;
    return Launch(state, FindKernel(state, function),
                  {config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream}, arguments);
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
