// PlacedStorage: the record of a storage, and the device on which to create it.
//
// Example:
//   const std::vector<PlacedStorage> placed = {{.desc = desc, .device = c10::Device("cuda:1")}};
//   absl::StatusOr<std::vector<c10::Storage>> storages = AllocateStorages(placed);
//
// Thread safety: a plain value.
// Lifetime: shares the record.

#ifndef METACONV_CONVERTER_PLACED_STORAGE_H_
#define METACONV_CONVERTER_PLACED_STORAGE_H_

#include "c10/core/Device.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct PlacedStorage {
  MetaStorageDesc desc;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PLACED_STORAGE_H_
