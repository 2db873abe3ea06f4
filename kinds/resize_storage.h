// ResizeStorage: changes the size of a storage in bytes.
//
// Thread safety: calls for different storages are independent; calls for one storage need external synchronization.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_RESIZE_STORAGE_H_
#define METACONV_KINDS_RESIZE_STORAGE_H_

#include "absl/status/status.h"
#include "c10/core/Storage.h"
#include "c10/core/SymInt.h"

namespace metaconv {

// Errors: kUnimplemented if the storage is neither on meta nor on the CPU; LibTorch's error if it cannot be resized or
// allocated.
absl::Status ResizeStorage(const c10::Storage& storage, const c10::SymInt& size_bytes);

}  // namespace metaconv

#endif  // METACONV_KINDS_RESIZE_STORAGE_H_
