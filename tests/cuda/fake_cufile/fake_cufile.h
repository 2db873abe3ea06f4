// FakeCuFile: the state of the test double of libcufile, a shared object that reads files into host memory.
//
// The double refuses what libcufile refuses: a driver that is not open, a descriptor without O_DIRECT, a handle that is
// not registered. It can make each of its functions fail.
//
// Example:
//   void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
//   FakeCuFile& fake = *reinterpret_cast<FakeCuFile* (*)()>(dlsym(library, "TheFakeCuFile"))();
//   fake.read_error = -5030;
//
// Thread safety: Thread-safe.
// Lifetime: lives until the process ends.

#ifndef METACONV_TESTS_CUDA_FAKE_CUFILE_FAKE_CUFILE_H_
#define METACONV_TESTS_CUDA_FAKE_CUFILE_FAKE_CUFILE_H_

#include <sys/types.h>

#include <atomic>

namespace metaconv {

struct FakeCuFile {
  // What the functions return instead of doing anything, unless it is 0.
  std::atomic<int> open_error = 0;
  std::atomic<int> register_error = 0;
  std::atomic<ssize_t> read_error = 0;
  // The number of reads that succeed before `read_error` takes effect.
  std::atomic<int> reads_before_error = 0;
  // The most bytes that one read returns.
  std::atomic<ssize_t> most_bytes = ssize_t{1} << 40;

  std::atomic<int> open_drivers = 0;
  std::atomic<int> handles = 0;
  std::atomic<int> reads = 0;
};

}  // namespace metaconv

// The type of the function `TheFakeCuFile` that the library exports.
using TheFakeCuFileFunction = metaconv::FakeCuFile*();

#endif  // METACONV_TESTS_CUDA_FAKE_CUFILE_FAKE_CUFILE_H_
