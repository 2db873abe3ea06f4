// GpuDirectFileReader: the DeviceFileReader for GPUDirect Storage. It uses NVIDIA's libcufile, which it loads when the
// first file is opened.
//
// Example:
//   GpuDirectFileReader reader({.on_device = call_on_device});
//   std::unique_ptr<DeviceFile> file = reader.Open(descriptor, c10::Device("cuda:0"));
//   if (file == nullptr || !file->Read(offset, device_data, size)) ...   // Read the range in another way.
//
// Open returns null, and the file is read in the ordinary way,
//   if GpuDirectUse::kNever is set, or kWithDriver and the kernel module nvidia-fs is not loaded;
//   if the kernel does not list its modules: see Note [libcufile without a list of modules];
//   if libcufile is not found, lacks a function, or cannot be initialized;
//   if the file is in memory (tmpfs, ramfs), or its file system has no direct I/O (O_DIRECT);
//   if libcufile does not accept the file.
// Read returns false if libcufile reports an error, or the file ends before the range does. After that, every further
// Read of the same DeviceFile returns false at once.
//
// Programs use the one of the_gpu_direct_reader.h.
//
// libcufile itself writes its errors to `cufile.log` in the current directory; CUFILE_LOGFILE_PATH sets another place.
//
// Thread safety: Thread-safe.
// Lifetime: the reader must outlive its files. Its destructor closes libcufile's driver, if it has opened it.

#ifndef METACONV_CUDA_FILES_GPU_DIRECT_FILE_H_
#define METACONV_CUDA_FILES_GPU_DIRECT_FILE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "cuda/files/cufile_library.h"
#include "cuda/files/device_file.h"

namespace metaconv {

enum class GpuDirectUse {
  kNever,
  // If nvidia-fs is loaded. Without it libcufile usually reads through host memory, which is slower than what
  // HostTransfer does, and takes long to find that out.
  kWithDriver,
  // For machines on which libcufile reads directly without nvidia-fs (PCI P2PDMA).
  kAlways,
};

// The value of METACONV_GPUDIRECT: kWithDriver if it is not set, kAlways if it is 1, otherwise kNever.
GpuDirectUse GpuDirectUseFromEnvironment();

struct GpuDirectOptions {
  GpuDirectUse use = GpuDirectUse::kWithDriver;
  // Calls `function` with `device` as the calling thread's current device, which libcufile requires, and returns its
  // status or that of changing the device.
  std::function<absl::Status(c10::Device device, absl::FunctionRef<absl::Status()> function)> on_device;
  std::string library = "libcufile.so.0";
  // Exists if nvidia-fs is loaded.
  std::string driver_folder = "/proc/driver/nvidia-fs";
  // The kernel's list of modules.
  std::string modules_file = "/proc/modules";
};

class GpuDirectFileReader final : public DeviceFileReader {
 public:
  explicit GpuDirectFileReader(GpuDirectOptions options);
  ~GpuDirectFileReader() override;
  GpuDirectFileReader(const GpuDirectFileReader&) = delete;
  GpuDirectFileReader& operator=(const GpuDirectFileReader&) = delete;

  std::unique_ptr<DeviceFile> Open(int descriptor, c10::Device device) override;

  // Loads and initializes libcufile, if that was not done before. Open calls it.
  // Errors: kFailedPrecondition, with the reason why no file can be read directly. It does not change afterwards.
  absl::Status Start(c10::Device device);

 private:
  absl::StatusOr<CuFileFunctions> Load(c10::Device device);

  const GpuDirectOptions options_;
  std::once_flag started_;
  absl::StatusOr<CuFileFunctions> cufile_;  // Not changed after `started_`.
  bool has_opened_driver_ = false;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_GPU_DIRECT_FILE_H_
