#include "converter/data_source.h"

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "converter/copy_storage.h"
#include "converter/device_storages.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

using Placed = absl::Span<const PlacedStorage>;
using Storages = std::vector<c10::Storage>;

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
  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl&) override { return AllocateStorages(placed); }
  bool has_elements() const override { return false; }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device) override {
    return Opaque(desc, device, [](c10::SymIntArrayRef size, const at::TensorOptions& options) {
      return at::empty_symint(size, options);
    });
  }
};

class ZeroSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl&) override {
    absl::StatusOr<Storages> storages = AllocateStorages(placed);
    if (!storages.ok()) return storages;
    if (absl::Status status = ZeroStorages(*storages); !status.ok()) return status;
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

  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl& control) override {
    absl::StatusOr<Storages> storages = AllocateStorages(placed);
    if (!storages.ok()) return storages;
    std::vector<StorageLoad> loads;
    loads.reserve(placed.size());
    for (std::size_t i = 0; i < placed.size(); ++i) {
      const MetaStorageDesc& desc = placed[i].desc;
      const auto read = [this, &desc](std::int64_t offset, absl::Span<char> into) {
        return CatchTorch(absl::StrCat("storage ", desc.id, ": filling it"), [&] { return fill_(desc, offset, into); });
      };
      loads.push_back({.into = (*storages)[i], .id = desc.id, .read = read});
    }
    if (absl::Status status = LoadStorages(loads, control); !status.ok()) return status;
    return storages;
  }

 private:
  const StorageFiller fill_;
};

class CopiedSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl& control) override {
    std::vector<StorageCopy> copies;
    copies.reserve(placed.size());
    for (const PlacedStorage& storage : placed) {
      absl::StatusOr<c10::Storage> data = DataOf(storage.desc);
      if (!data.ok()) return data.status();
      copies.push_back({.from = *std::move(data), .into = {}, .id = storage.desc.id});
    }
    absl::StatusOr<Storages> storages = AllocateStorages(placed);
    if (!storages.ok()) return storages;
    for (std::size_t i = 0; i < copies.size(); ++i) copies[i].into = (*storages)[i];
    if (absl::Status status = CopyStorages(copies, control); !status.ok()) return status;
    return storages;
  }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device) override { return CloneOpaque(desc); }
};

class SharedSource final : public DataSource {
 public:
  absl::StatusOr<Storages> MakeStorages(Placed placed, const LoadControl&) override {
    Storages storages;
    for (const PlacedStorage& storage : placed) {
      absl::StatusOr<c10::Storage> data = DataOf(storage.desc);
      if (!data.ok()) return data.status();
      storages.push_back(*std::move(data));
    }
    return storages;
  }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device) override { return CloneOpaque(desc); }
};

}  // namespace

absl::StatusOr<Storages> DataSource::MakeStorages(absl::Span<const MetaStorageDesc> descs, c10::Device device) {
  std::vector<PlacedStorage> placed;
  placed.reserve(descs.size());
  for (const MetaStorageDesc& desc : descs) placed.push_back({desc, device});
  return MakeStorages(placed, LoadControl());
}

absl::StatusOr<at::Tensor> DataSource::MakeOpaque(const MetaTensorDesc& desc, c10::Device) {
  return absl::UnimplementedError(
      absl::StrCat("record ", desc.id, ": expected a tensor with a storage, found an mkldnn tensor"));
}

std::unique_ptr<DataSource> Uninitialized() { return std::make_unique<UninitializedSource>(); }
std::unique_ptr<DataSource> Zeros() { return std::make_unique<ZeroSource>(); }
std::unique_ptr<DataSource> Filler(StorageFiller fill) { return std::make_unique<FillerSource>(std::move(fill)); }
std::unique_ptr<DataSource> CopiedData() { return std::make_unique<CopiedSource>(); }
std::unique_ptr<DataSource> SharedData() { return std::make_unique<SharedSource>(); }

}  // namespace metaconv
