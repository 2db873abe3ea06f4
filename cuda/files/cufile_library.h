// LoadCuFile: the functions of NVIDIA's libcufile (GPUDirect Storage), which is loaded at run time, so that neither
// building nor running a program needs it.
//
// Example:
//   absl::StatusOr<CuFileFunctions> cufile = LoadCuFile("libcufile.so.0");
//   if (cufile.ok() && cufile->driver_open().code == kCuFileSuccess) ...
//
// The declarations are those of NVIDIA's cuFile API reference; their layout has not changed since libcufile 1.0.
//
// Thread safety: Thread-safe.
// Lifetime: the library stays loaded until the process ends.

#ifndef METACONV_CUDA_FILES_CUFILE_LIBRARY_H_
#define METACONV_CUDA_FILES_CUFILE_LIBRARY_H_

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace metaconv {

// CUfileError_t
struct CuFileError {
  int code;        // CUfileOpError
  int cuda_error;  // CUresult
};

inline constexpr int kCuFileSuccess = 0;
inline constexpr int kCuFileDriverAlreadyOpen = 5026;

// CUfileHandle_t
using CuFileHandle = void*;

// CU_FILE_HANDLE_TYPE_OPAQUE_FD: a file descriptor.
inline constexpr int kCuFileDescriptor = 1;

// CUfileDescr_t
struct CuFileDescription {
  int type = kCuFileDescriptor;
  union {
    int descriptor;
    void* pointer;
  } file = {};
  const void* operations = nullptr;  // For file systems in user space only.
};
static_assert(sizeof(CuFileError) == 8 && sizeof(CuFileDescription) == 24);
static_assert(offsetof(CuFileDescription, file) == 8 && offsetof(CuFileDescription, operations) == 16);

struct CuFileFunctions {
  CuFileError (*driver_open)();
  CuFileError (*driver_close)();
  CuFileError (*handle_register)(CuFileHandle* handle, CuFileDescription* description);
  void (*handle_deregister)(CuFileHandle handle);
  // Returns the number of bytes read, or a negative value.
  ssize_t (*read)(CuFileHandle handle, void* base, std::size_t size, off_t file_offset, off_t base_offset);
};

// `library`: a path, or a name that the dynamic linker searches for.
// Errors: kFailedPrecondition if it cannot be loaded or lacks a function.
absl::StatusOr<CuFileFunctions> LoadCuFile(const std::string& library);

}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_CUFILE_LIBRARY_H_
