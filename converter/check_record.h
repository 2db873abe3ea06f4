// CheckRecord: whether a record makes sense by itself, before anything is built from it.
//
// Thread safety: pure functions.
// Lifetime: keeps nothing.

#ifndef METACONV_CONVERTER_CHECK_RECORD_H_
#define METACONV_CONVERTER_CHECK_RECORD_H_

#include "absl/status/status.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// That a storage has no negative size.
// Errors: kInvalidArgument with the record's id, what was expected and what was found.
absl::Status CheckStorageRecord(const MetaStorageDesc& desc);

// That a strided record has as many sizes and strides as dimensions, none negative, and names its storage; and that
// only floating point and complex tensors require a gradient, and only those that do are no leaves.
// Errors: kInvalidArgument with the record's id, the field, what was expected and what was found.
absl::Status CheckStridedRecord(const MetaTensorDesc& desc);

// The same, and that a view's record has all that a view needs.
absl::Status CheckViewRecord(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_CHECK_RECORD_H_
