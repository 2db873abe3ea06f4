// CheckRecord: whether a record makes sense by itself, before anything is built from it.
//
// What is special to a kind is checked by the kind; here is what several share.
//
// Thread safety: pure functions.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_CHECK_RECORD_H_
#define METACONV_KINDS_CHECK_RECORD_H_

#include <string_view>

#include "absl/status/status.h"
#include "c10/core/SymIntArrayRef.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// kInvalidArgument: "record 3: base: expected one for a view, found none".
absl::Status Malformed(const MetaTensorDesc& desc, std::string_view field, std::string_view expected,
                       std::string_view found);

// That no plain value in `field` is negative. Symbolic ones are whatever their guards allow.
absl::Status CheckNotNegative(const MetaTensorDesc& desc, std::string_view field, c10::SymIntArrayRef values);

// That a storage has no negative size.
absl::Status CheckStorageRecord(const MetaStorageDesc& desc);

// That there are as many sizes as dimensions, none negative and not too many elements to be counted, and that only
// floating point and complex tensors require a gradient, and only those that do are no leaves.
absl::Status CheckShape(const MetaTensorDesc& desc);

// The same, and that there are as many strides, none negative and none that leads to where no memory can be.
absl::Status CheckStrides(const MetaTensorDesc& desc);

// The same, and that the tensor names its storage and where it starts in it.
absl::Status CheckStridedRecord(const MetaTensorDesc& desc);

// That the tensor lies within a storage of `nbytes`, where both are plain numbers.
absl::Status CheckWithinStorage(const MetaTensorDesc& desc, const c10::SymInt& nbytes);

// That a view has its base, which is no view itself and is made in the same inference mode, and its creation meta.
absl::Status CheckViewRecord(const MetaTensorDesc& desc);

// That what `desc` wraps has its dtype and `size`.
absl::Status CheckUnwrapped(const MetaTensorDesc& desc, c10::SymIntArrayRef size);

// For kinds that know neither: that the record is of no view, and has no offset into a storage.
absl::Status CheckNoView(const MetaTensorDesc& desc);

// That the layout and `is_sparse` agree.
absl::Status CheckLayout(const MetaTensorDesc& desc);

// That a sparse tensor says how many of its dimensions are sparse and dense, and that neither is negative.
absl::Status CheckSparseDims(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_CHECK_RECORD_H_
