#include "kinds/resize_storage.h"

#include <cstddef>
#include <sstream>

#include "ATen/native/Resize.h"
#include "meta/torch_status.h"

namespace metaconv {

absl::Status ResizeStorage(const c10::Storage& storage, const c10::SymInt& size_bytes) {
  return CatchTorch("resizing a storage", [&]() -> absl::Status {
    c10::StorageImpl* impl = storage.unsafeGetStorageImpl();
    switch (storage.device_type()) {
      case c10::DeviceType::Meta:
        at::native::resize_bytes_meta(impl, size_bytes);
        return absl::OkStatus();
      case c10::DeviceType::CPU:
        at::native::resize_bytes_cpu(impl, static_cast<std::size_t>(size_bytes.guard_int(__FILE__, __LINE__)));
        return absl::OkStatus();
      default:
        std::ostringstream message;
        message << "resizing a storage: expected device meta or cpu, found " << storage.device();
        return absl::UnimplementedError(message.str());
    }
  });
}

}  // namespace metaconv
