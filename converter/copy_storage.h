// Copies of the data that records keep.
//
// A record made with `copy_data` holds the tensor and the storage that it describes. These may themselves be without data
// and carry a copy along, as results of such a conversion do.
//
// Example:
//   absl::StatusOr<c10::Storage> copy = CloneStorage(*desc->storage);   // On the same device.
//
// Thread safety: Thread-safe.
// Lifetime: copies are independent.

#ifndef METACONV_CONVERTER_COPY_STORAGE_H_
#define METACONV_CONVERTER_COPY_STORAGE_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The storage with the bytes that `desc` stands for. Errors: kInvalidArgument if the record has none, or has not as many
// bytes any more as it says.
absl::StatusOr<c10::Storage> DataOf(const MetaStorageDesc& desc);

// A copy of it, on the same device. Errors: those, and StoragePath's.
absl::StatusOr<c10::Storage> CloneStorage(const MetaStorageDesc& desc);

// A copy of a tensor whose bytes lie in no storage that can be seen. Errors: kInvalidArgument if the record has none.
absl::StatusOr<at::Tensor> CloneOpaque(const MetaTensorDesc& desc);

// The record as that of a tensor that autograd knows nothing of.
MetaTensorDesc DataOnly(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COPY_STORAGE_H_
