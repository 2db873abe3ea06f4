#include "cuda/files/gpu_direct_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

absl::Status StatusOf(CuFileError error, std::string_view call) {
  if (error.code == kCuFileSuccess) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(std::string(call), ": CUfileOpError ", error.code, ", CUresult ", error.cuda_error));
}

bool IsInMemory(int descriptor) {
  struct statfs info = {};
  if (fstatfs(descriptor, &info) != 0) return false;
  return info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

// Another descriptor of the same file, which libcufile needs: with O_DIRECT, and used by nobody else. -1 if there is
// none.
int OpenDirectly(int descriptor) {
  return open(absl::StrCat("/proc/self/fd/", descriptor).c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
}

// Note [No buffer registration]
// Storages are not registered by cuFileBufRegister. Registering pins their memory in the device's PCIe window (BAR1),
// which on many devices is smaller than their memory, and is worth its time only for buffers that are used again.
// libcufile reads into memory that is not registered through buffers of its own on the device.

// Note [libcufile without a list of modules]
// If /proc/modules does not exist, as in kernels without modules and in some sandboxes, cuFileDriverOpen of libcufile
// 1.20 does not return: it waits for the end of the file that it could not open. So libcufile is not used there.

class GpuDirectFile final : public DeviceFile {
 public:
  // Takes ownership of the descriptor and the handle.
  GpuDirectFile(const GpuDirectOptions& options, const CuFileFunctions& cufile, c10::Device device, int descriptor,
                CuFileHandle handle)
      : options_(options), cufile_(cufile), device_(device), descriptor_(descriptor), handle_(handle) {}

  ~GpuDirectFile() override {
    cufile_.handle_deregister(handle_);
    close(descriptor_);
  }
  GpuDirectFile(const GpuDirectFile&) = delete;
  GpuDirectFile& operator=(const GpuDirectFile&) = delete;

  bool Read(std::int64_t offset, char* device_data, std::int64_t size) override {
    // A file that could not be read once is not tried again, because each attempt may take long.
    if (has_failed_.load(std::memory_order_relaxed)) return false;
    const absl::Status status = options_.on_device(device_, [&] { return ReadAll(offset, device_data, size); });
    if (!status.ok()) has_failed_.store(true, std::memory_order_relaxed);
    return status.ok();
  }

 private:
  // See Note [No buffer registration].
  absl::Status ReadAll(std::int64_t offset, char* device_data, std::int64_t size) const {
    for (std::int64_t done = 0; done < size;) {
      const ssize_t got =
          cufile_.read(handle_, device_data, static_cast<std::size_t>(size - done), offset + done, done);
      if (got <= 0) return absl::InternalError("cuFileRead");
      done += got;
    }
    return absl::OkStatus();
  }

  const GpuDirectOptions& options_;
  const CuFileFunctions& cufile_;
  const c10::Device device_;
  const int descriptor_;
  const CuFileHandle handle_;
  std::atomic<bool> has_failed_ = false;
};

}  // namespace

GpuDirectUse GpuDirectUseFromEnvironment() {
  const char* const value = std::getenv("METACONV_GPUDIRECT");
  if (value == nullptr) return GpuDirectUse::kWithDriver;
  return std::string_view(value) == "1" ? GpuDirectUse::kAlways : GpuDirectUse::kNever;
}

GpuDirectFileReader::GpuDirectFileReader(GpuDirectOptions options)
    : options_(std::move(options)), cufile_(absl::UnknownError("not started")) {}

GpuDirectFileReader::~GpuDirectFileReader() {
  // An error leaves the driver open, as it is at the end of a process that does not close it.
  if (has_opened_driver_) static_cast<void>(cufile_->driver_close());
}

absl::StatusOr<CuFileFunctions> GpuDirectFileReader::Load(c10::Device device) {
  if (options_.use == GpuDirectUse::kNever) {
    return absl::FailedPreconditionError("GPUDirect Storage is disabled by METACONV_GPUDIRECT or an option");
  }
  if (options_.use == GpuDirectUse::kWithDriver && access(options_.driver_folder.c_str(), F_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("expected the kernel module nvidia-fs, found no ", options_.driver_folder));
  }
  // See Note [libcufile without a list of modules].
  if (access(options_.modules_file.c_str(), R_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("expected the kernel's list of modules, found no ", options_.modules_file));
  }
  absl::StatusOr<CuFileFunctions> cufile = LoadCuFile(options_.library);
  if (!cufile.ok()) return cufile;
  absl::Status status = options_.on_device(device, [&] {
    const CuFileError error = cufile->driver_open();
    // Other code in the process may have opened the driver, and closes it then.
    if (error.code == kCuFileDriverAlreadyOpen) return absl::OkStatus();
    has_opened_driver_ = error.code == kCuFileSuccess;
    return StatusOf(error, "cuFileDriverOpen");
  });
  if (!status.ok()) return status;
  return cufile;
}

absl::Status GpuDirectFileReader::Start(c10::Device device) {
  std::call_once(started_, [&] { cufile_ = Load(device); });
  return cufile_.status();
}

std::unique_ptr<DeviceFile> GpuDirectFileReader::Open(int descriptor, c10::Device device) {
  if (IsInMemory(descriptor) || !Start(device).ok()) return nullptr;
  const int direct = OpenDirectly(descriptor);
  if (direct < 0) return nullptr;
  CuFileHandle handle = nullptr;
  CuFileDescription description;
  description.file.descriptor = direct;
  const absl::Status status = options_.on_device(
      device, [&] { return StatusOf(cufile_->handle_register(&handle, &description), "cuFileHandleRegister"); });
  if (!status.ok()) {
    close(direct);
    return nullptr;
  }
  return std::make_unique<GpuDirectFile>(options_, *cufile_, device, direct, handle);
}

}  // namespace metaconv
