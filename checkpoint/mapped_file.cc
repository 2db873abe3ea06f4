#include "checkpoint/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Allocator.h"
#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

class MappedFile::Mapping {
 public:
  Mapping(void* address, std::size_t size) : address_(static_cast<char*>(address)), size_(size) {}
  ~Mapping() {
    if (size_ > 0) munmap(address_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* At(std::uint64_t offset) const { return address_ + offset; }

 private:
  char* const address_;  // Aligned to a page, so an offset in the file has the same alignment as its address.
  const std::size_t size_;
};

absl::StatusOr<MappedFile> MappedFile::Map(const CheckpointFile& file) {
  std::uint64_t end = 0;
  for (const StorageLocation& location : file.checkpoint().storages) {
    if (location.bytes == StorageBytes::kPlain) end = std::max(end, location.offset + location.size_in_file);
  }
  struct stat info;
  if (fstat(file.descriptor(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(file.path(), ": fstat"));
  if (static_cast<std::uint64_t>(info.st_size) < end) {
    return absl::DataLossError(absl::StrCat(file.path(), ": expected storages up to offset ", end, ", found ",
                                            info.st_size, " bytes: the file was truncated after it was opened"));
  }
  void* address = nullptr;
  if (end > 0) {
    // Without MAP_NORESERVE the kernel would reserve memory for a copy of the whole file.
    address = mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.descriptor(), 0);
    if (address == MAP_FAILED) {
      return absl::ResourceExhaustedError(
          absl::StrCat(file.path(), ": cannot map ", end, " bytes: ", std::strerror(errno)));
    }
  }
  return MappedFile(file.path(), file.checkpoint().storages, std::make_shared<const Mapping>(address, end));
}

MappedFile::MappedFile(std::string path, std::vector<StorageLocation> storages, std::shared_ptr<const Mapping> mapping)
    : path_(std::move(path)), storages_(std::move(storages)), mapping_(std::move(mapping)) {}

bool MappedFile::CanMap(MetaStorageId id) const { return Check(id).ok(); }

absl::StatusOr<c10::DataPtr> MappedFile::Storage(MetaStorageId id) const {
  if (absl::Status status = Check(id); !status.ok()) return status;
  const c10::Device cpu(c10::DeviceType::CPU);
  const StorageLocation& location = storages_[static_cast<std::size_t>(id)];
  if (location.size == 0) return c10::DataPtr(nullptr, cpu);
  using Owner = std::shared_ptr<const Mapping>;
  return c10::DataPtr(
      mapping_->At(location.offset), new Owner(mapping_), [](void* owner) { delete static_cast<Owner*>(owner); }, cpu);
}

absl::Status MappedFile::Check(MetaStorageId id) const {
  if (id < 0 || static_cast<std::uint64_t>(id) >= storages_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": expected the id of one of its ", storages_.size(), " storages, found ", id));
  }
  const StorageLocation& location = storages_[static_cast<std::size_t>(id)];
  const auto cannot = [&](const std::string& reason) {
    return absl::FailedPreconditionError(absl::StrCat(path_, ": storage ", id, ": cannot be mapped: ", reason));
  };
  if (location.size == 0) return absl::OkStatus();
  if (location.bytes != StorageBytes::kPlain) return cannot("its bytes are compressed or not in the file");
  if (location.swap_size != 1) return cannot("its elements are in another byte order");
  if (location.offset % static_cast<std::uint64_t>(location.alignment) != 0) {
    return cannot(
        absl::StrCat("expected an offset that is a multiple of ", location.alignment, ", found ", location.offset));
  }
  return absl::OkStatus();
}

}  // namespace metaconv
