// Kernels: those that nvcc's code registers, and the functions that run them on the host.
//
// Thread safety: guarded by the StateLock.
// Lifetime: kernels stay registered until their program unregisters them, at exit.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_KERNELS_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_KERNELS_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/cuda/fake_cudart/fake_cudart.h"

namespace metaconv::fake_cudart {

struct Kernel {
  std::string name;  // Mangled.
};

struct HostKernel {
  std::string part_of_name;
  std::vector<std::size_t> argument_sizes;
  FakeCudart::KernelOnHost run;
};

struct Kernels {
  std::map<const void*, Kernel> registered;  // By the address of the host function.
  std::vector<HostKernel> on_host;
};

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_KERNELS_H_
