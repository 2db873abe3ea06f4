// CheckRecord: checks the consistency of a record before a tensor is built from it.
//
// Contains the checks that several kinds share. Checks that only one kind needs are in the file of that kind.
//
// Thread safety: pure functions.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_CHECK_RECORD_H_
#define METACONV_KINDS_CHECK_RECORD_H_

#include <string_view>

#include "absl/status/status.h"
#include "c10/core/SymIntArrayRef.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Returns kInvalidArgument with a message such as "record 3: base: expected a base for a view, found none".
absl::Status Malformed(const MetaTensorDesc& desc, std::string_view field, std::string_view expected,
                       std::string_view found);

// Checks that no plain value in `field` is negative. Symbolic values are not checked: their guards restrict them.
absl::Status CheckNotNegative(const MetaTensorDesc& desc, std::string_view field, c10::SymIntArrayRef values);

// Checks that the size of a storage is not negative.
absl::Status CheckStorageRecord(const MetaStorageDesc& desc);

// Checks that the number of sizes is ndim, that no size is negative, that the number of elements fits into 64 bits,
// that only floating point and complex tensors require a gradient, and that non-leaves require one.
absl::Status CheckShape(const MetaTensorDesc& desc);

// As CheckShape; also checks that the number of strides is ndim, that no stride is negative and that the last element's
// offset in bytes fits into 64 bits.
absl::Status CheckStrides(const MetaTensorDesc& desc);

// As CheckStrides; also checks that the record has a storage and that storage size and offset are not negative.
absl::Status CheckStridedRecord(const MetaTensorDesc& desc);

// Checks that the tensor lies within a storage of `nbytes`. Checks nothing if either size is symbolic.
absl::Status CheckWithinStorage(const MetaTensorDesc& desc, const c10::SymInt& nbytes);

// Checks that a view has a base and a creation meta, that the base is not a view, and that both have the same
// is_inference.
absl::Status CheckViewRecord(const MetaTensorDesc& desc);

// Checks that the wrapped tensor has the dtype of `desc`, and that `desc` has size `size`.
absl::Status CheckUnwrapped(const MetaTensorDesc& desc, c10::SymIntArrayRef size);

// For kinds without views and storage offsets: checks that the record is not a view and has storage offset 0.
absl::Status CheckNoView(const MetaTensorDesc& desc);

// Checks that `layout` agrees with `is_sparse` and `is_nested`.
absl::Status CheckLayout(const MetaTensorDesc& desc);

// Checks that a sparse tensor has a number of sparse and of dense dimensions, both from 0 to ndim.
absl::Status CheckSparseDims(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_CHECK_RECORD_H_
