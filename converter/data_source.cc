#include "converter/data_source.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "converter/copy_storage.h"
#include "converter/storage_path.h"
#include "meta/python_repr.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

using Descs = absl::Span<const MetaStorageDescPtr>;
using Storages = std::vector<c10::Storage>;

absl::StatusOr<std::int64_t> SizeOf(const MetaStorageDesc& desc) {
  const std::optional<std::int64_t> size = desc.size.maybe_as_int();
  if (size.has_value() && *size >= 0) return *size;
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": size: expected a number of bytes, found ", PythonRepr(desc.size)));
}

absl::StatusOr<std::vector<std::int64_t>> SizesOf(Descs descs) {
  std::vector<std::int64_t> sizes;
  sizes.reserve(descs.size());
  for (const MetaStorageDescPtr& desc : descs) {
    const absl::StatusOr<std::int64_t> size = SizeOf(*desc);
    if (!size.ok()) return size.status();
    sizes.push_back(*size);
  }
  return sizes;
}

absl::StatusOr<std::int64_t> SumOf(absl::Span<const std::int64_t> sizes) {
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (__builtin_add_overflow(sum, size, &sum)) {
      return absl::InvalidArgumentError("storages: expected fewer than 2^63 bytes in all, found more");
    }
  }
  return sum;
}

// An mkldnn tensor, converted from the strided tensor that `make` returns.
absl::StatusOr<at::Tensor> Opaque(const MetaTensorDesc& desc, c10::Device device,
                                  absl::FunctionRef<at::Tensor(c10::SymIntArrayRef, const at::TensorOptions&)> make) {
  const std::string where = absl::StrCat("record ", desc.id, ": creating an mkldnn tensor");
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  absl::StatusOr<at::Tensor> tensor = CatchTorch(where, [&]() -> absl::StatusOr<at::Tensor> {
    // The strided and the mkldnn tensor exist at the same time. On overflow, ask for the largest possible size.
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(c10::multiply_integers(desc.size).guard_int(__FILE__, __LINE__),
                               static_cast<std::int64_t>(2 * c10::elementSize(desc.dtype)), &bytes)) {
      bytes = std::numeric_limits<std::int64_t>::max();
    }
    if (absl::Status room = (*path)->CheckRoom(device, bytes); !room.ok()) return room;
    return make(desc.size, at::device(device).dtype(desc.dtype)).to_mkldnn();
  });
  // mkldnn supports few dtypes and shapes, and LibTorch reports the others as internal errors.
  return absl::IsInternal(tensor.status()) ? absl::InvalidArgumentError(tensor.status().message()) : tensor;
}

class UninitializedSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Descs descs, c10::Device device) override {
    return AllocateStorages(descs, device);
  }
  bool has_elements() const override { return false; }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device) override {
    return Opaque(desc, device, [](c10::SymIntArrayRef size, const at::TensorOptions& options) {
      return at::empty_symint(size, options);
    });
  }
};

class ZeroSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Descs descs, c10::Device device) override {
    absl::StatusOr<Storages> storages = AllocateStorages(descs, device);
    if (!storages.ok() || storages->empty()) return storages;
    if (absl::Status status = (*StoragePathFor(device))->Zero(*storages); !status.ok()) return status;
    return storages;
  }
  bool has_elements() const override { return false; }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device) override {
    return Opaque(desc, device, [](c10::SymIntArrayRef size, const at::TensorOptions& options) {
      return at::zeros_symint(size, options);
    });
  }
};

class FillerSource final : public DataSource {
 public:
  explicit FillerSource(StorageFiller fill) : fill_(std::move(fill)) {}

  absl::StatusOr<Storages> MakeStorages(Descs descs, c10::Device device) override {
    absl::StatusOr<Storages> storages = AllocateStorages(descs, device);
    if (!storages.ok() || storages->empty()) return storages;
    std::vector<StorageLoad> loads;
    for (std::size_t i = 0; i < descs.size(); ++i) {
      const MetaStorageDesc& desc = *descs[i];
      const auto read = [this, &desc](std::int64_t offset, absl::Span<char> into) {
        return CatchTorch(absl::StrCat("storage ", desc.id, ": filling it"), [&] { return fill_(desc, offset, into); });
      };
      loads.push_back({.into = (*storages)[i], .id = desc.id, .read = read});
    }
    if (absl::Status status = (*StoragePathFor(device))->Load(loads); !status.ok()) return status;
    return storages;
  }

 private:
  const StorageFiller fill_;
};

class CopiedSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Descs descs, c10::Device device) override {
    std::vector<StorageCopy> copies;
    for (const MetaStorageDescPtr& desc : descs) {
      absl::StatusOr<c10::Storage> data = DataOf(*desc);
      if (!data.ok()) return data.status();
      copies.push_back({.from = *std::move(data), .into = {}, .id = desc->id});
    }
    absl::StatusOr<Storages> storages = AllocateStorages(descs, device);
    if (!storages.ok()) return storages;
    for (std::size_t i = 0; i < copies.size(); ++i) copies[i].into = (*storages)[i];
    if (absl::Status status = CopyAll(std::move(copies), device); !status.ok()) return status;
    return storages;
  }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device) override { return CloneOpaque(desc); }

 private:
  // Uses the path of the device that is not the CPU, if there is one. Copies between the same types of devices are
  // made in one call.
  static absl::Status CopyAll(std::vector<StorageCopy> copies, c10::Device device) {
    while (!copies.empty()) {
      const c10::Device first = copies.front().from.device();
      const auto others = std::stable_partition(copies.begin(), copies.end(), [&](const StorageCopy& copy) {
        return copy.from.device().type() == first.type();
      });
      const absl::StatusOr<StoragePath*> path = StoragePathFor(device.is_cpu() ? first : device);
      if (!path.ok()) return path.status();
      if (absl::Status status = (*path)->Copy(absl::MakeConstSpan(&copies.front(), others - copies.begin()));
          !status.ok()) {
        return status;
      }
      copies.erase(copies.begin(), others);
    }
    return absl::OkStatus();
  }
};

class SharedSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Descs descs, c10::Device) override {
    Storages storages;
    for (const MetaStorageDescPtr& desc : descs) {
      absl::StatusOr<c10::Storage> data = DataOf(*desc);
      if (!data.ok()) return data.status();
      storages.push_back(*std::move(data));
    }
    return storages;
  }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device) override { return CloneOpaque(desc); }
};

}  // namespace

absl::StatusOr<at::Tensor> DataSource::MakeOpaque(const MetaTensorDesc& desc, c10::Device) {
  return absl::UnimplementedError(
      absl::StrCat("record ", desc.id, ": expected a tensor with a storage, found an mkldnn tensor"));
}

absl::StatusOr<Storages> AllocateStorages(Descs descs, c10::Device device) {
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::vector<std::int64_t>> sizes = SizesOf(descs);
  if (!sizes.ok()) return sizes.status();
  const absl::StatusOr<std::int64_t> all = SumOf(*sizes);
  if (!all.ok()) return all.status();
  if (absl::Status status = (*path)->CheckRoom(device, *all); !status.ok()) return status;
  Storages storages;
  storages.reserve(descs.size());
  if (absl::Status status = (*path)->AllocateAll(device, *sizes, storages); !status.ok()) {
    return WithContext(absl::StrCat("storage ", descs[storages.size()]->id), status);
  }
  return storages;
}

std::unique_ptr<DataSource> Uninitialized() { return std::make_unique<UninitializedSource>(); }
std::unique_ptr<DataSource> Zeros() { return std::make_unique<ZeroSource>(); }
std::unique_ptr<DataSource> Filler(StorageFiller fill) { return std::make_unique<FillerSource>(std::move(fill)); }
std::unique_ptr<DataSource> CopiedData() { return std::make_unique<CopiedSource>(); }
std::unique_ptr<DataSource> SharedData() { return std::make_unique<SharedSource>(); }

}  // namespace metaconv
