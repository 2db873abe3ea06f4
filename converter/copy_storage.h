// CloneStorage, CloneOpaque: copy the data that records hold.
//
// A record made with the option `copy_data` holds the tensor and the storage that it describes. If these are without
// data and have a DataSlot, as the results of such a conversion do, the data in the slot is used.
//
// Example:
//   absl::StatusOr<c10::Storage> copy = CloneStorage(*desc->storage);   // On the same device.
//
// Thread safety: Thread-safe.
// Lifetime: copies are independent of the records.

#ifndef METACONV_CONVERTER_COPY_STORAGE_H_
#define METACONV_CONVERTER_COPY_STORAGE_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The storage with the bytes of the storage that `desc` describes. Errors: kInvalidArgument if the record holds no
// bytes, or if the number of bytes has changed since the description.
absl::StatusOr<c10::Storage> DataOf(const MetaStorageDesc& desc);

// A copy of that storage on the same device. Errors: those of DataOf and StoragePath.
absl::StatusOr<c10::Storage> CloneStorage(const MetaStorageDesc& desc);

// A copy of a tensor whose data is not in a c10::Storage. Errors: kInvalidArgument if the record does not hold the
// tensor.
absl::StatusOr<at::Tensor> CloneOpaque(const MetaTensorDesc& desc);

// The record without view, gradient and autograd state.
MetaTensorDesc DataOnly(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COPY_STORAGE_H_
