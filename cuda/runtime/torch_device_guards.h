// EnableTorchDeviceGuards: makes LibTorch's device guards work in programs that do not link libtorch_cuda.
//
// A guard that ends asks whether the previous device has a context, by a function that libtorch_cuda registers. In
// libc10_cuda alone that function throws, so the guard would print a warning and leave its device current.
//
// Example:
//   EnableTorchDeviceGuards();              // There is at least one device.
//   const c10::cuda::CUDAGuard guard(1);
//
// Thread safety: Thread-safe. Only the first call has an effect.
// Lifetime: static.

#ifndef METACONV_CUDA_RUNTIME_TORCH_DEVICE_GUARDS_H_
#define METACONV_CUDA_RUNTIME_TORCH_DEVICE_GUARDS_H_

namespace metaconv {

// Keeps a function that is registered and works. libtorch_cuda may register its own later. May leave a pending error.
void EnableTorchDeviceGuards();

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_TORCH_DEVICE_GUARDS_H_
