// ResizeStorage: changes how many bytes a storage has.
//
// Thread safety: none for one storage; different ones are independent.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_RESIZE_STORAGE_H_
#define METACONV_KINDS_RESIZE_STORAGE_H_

#include "absl/status/status.h"
#include "c10/core/Storage.h"
#include "c10/core/SymInt.h"

namespace metaconv {

// Errors: kUnimplemented for a storage that is neither on meta nor on CPU; what LibTorch says of one that cannot be
// resized or allocated.
absl::Status ResizeStorage(const c10::Storage& storage, const c10::SymInt& size_bytes);

}  // namespace metaconv

#endif  // METACONV_KINDS_RESIZE_STORAGE_H_
