// See fake_cufile.h. If FAKE_CUFILE_FIRST_VERSION is defined, it has the functions of libcufile's first version only.

#include "tests/cuda/fake_cufile/fake_cufile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "cuda/files/cufile_library.h"

#define EXPORT __attribute__((visibility("default")))

namespace metaconv {
namespace {

// Values of CUfileOpError.
constexpr int kNotInitialized = 5001;
constexpr int kNoDirectIo = 5020;
constexpr int kInvalidValue = 5022;

FakeCuFile fake;

// A registered file.
struct Handle {
  static constexpr int kValid = 0x5afe;
  int valid = kValid;
  // Without O_DIRECT, which would require aligned memory.
  int descriptor = -1;
};

CuFileError Close() {
  if (fake.open_drivers == 0) return {kNotInitialized, 0};
  --fake.open_drivers;
  return {kCuFileSuccess, 0};
}

}  // namespace

extern "C" {

EXPORT FakeCuFile* TheFakeCuFile() { return &fake; }

EXPORT CuFileError cuFileDriverOpen() {
  if (fake.open_error != 0) return {fake.open_error, 0};
  ++fake.open_drivers;
  return {kCuFileSuccess, 0};
}

#ifdef FAKE_CUFILE_FIRST_VERSION
EXPORT CuFileError cuFileDriverClose() { return Close(); }
#else
// Programs must not use the first version of the function where there is a second one.
EXPORT CuFileError cuFileDriverClose() { return {kInvalidValue, 0}; }
EXPORT CuFileError cuFileDriverClose_v2() { return Close(); }
#endif

EXPORT CuFileError cuFileHandleRegister(CuFileHandle* handle, CuFileDescription* description) {
  if (fake.open_drivers == 0) return {kNotInitialized, 0};
  if (fake.register_error != 0) return {fake.register_error, 0};
  if (description->type != kCuFileDescriptor || description->operations != nullptr) return {kInvalidValue, 0};
  const int given = description->file.descriptor;
  if ((fcntl(given, F_GETFL) & O_DIRECT) == 0) return {kNoDirectIo, 0};
  const int descriptor = open(("/proc/self/fd/" + std::to_string(given)).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {kInvalidValue, 0};
  ++fake.handles;
  *handle = new Handle{.descriptor = descriptor};
  return {kCuFileSuccess, 0};
}

EXPORT void cuFileHandleDeregister(CuFileHandle handle) {
  Handle* const file = static_cast<Handle*>(handle);
  if (file->valid != Handle::kValid) return;
  file->valid = 0;
  close(file->descriptor);
  delete file;
  --fake.handles;
}

EXPORT ssize_t cuFileRead(CuFileHandle handle, void* base, std::size_t size, off_t file_offset, off_t base_offset) {
  const Handle* const file = static_cast<const Handle*>(handle);
  if (file == nullptr || file->valid != Handle::kValid) return -kInvalidValue;
  if (fake.reads++ >= fake.reads_before_error && fake.read_error != 0) return fake.read_error;
  const auto wanted = std::min(size, static_cast<std::size_t>(fake.most_bytes));
  return pread(file->descriptor, static_cast<char*>(base) + base_offset, wanted, file_offset);
}

}  // extern "C"

}  // namespace metaconv
