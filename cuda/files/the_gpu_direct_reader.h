// TheGpuDirectReader: the GpuDirectFileReader for real devices, as METACONV_GPUDIRECT configures it.
//
// Example:
//   CudaStoragePath path(TheCudaRuntime(), options, &TheGpuDirectReader());
//   absl::Status why_not = TheGpuDirectReader().Start(device);   // For messages.
//
// libcufile is not loaded before the first file is opened.
//
// Thread safety: Thread-safe.
// Lifetime: lives until the process ends. libcufile closes its driver itself then.

#ifndef METACONV_CUDA_FILES_THE_GPU_DIRECT_READER_H_
#define METACONV_CUDA_FILES_THE_GPU_DIRECT_READER_H_

#include "cuda/files/gpu_direct_file.h"

namespace metaconv {

GpuDirectFileReader& TheGpuDirectReader();

// The options that it was created with, or will be.
GpuDirectOptions TheGpuDirectOptions();

}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_THE_GPU_DIRECT_READER_H_
