// AllocationCallback: the caller's hook around each allocation of a conversion.
//
// It gets a maker, which makes the meta tensor that the conversion would use, and the device that the record names. It
// returns the tensor to use in its place: the maker's own, or one of the same shape of another kind (a fake tensor, one
// on another device). What it returns must be a leaf that does not require grad.
//
// Example:
//   AllocationCallback counting = [&](AllocationMaker make, c10::Device recorded) {
//     ++allocations[recorded];
//     return make();
//   };
//
// Thread safety: called from whichever thread converts, from several at once, with no lock held. It may throw.
// Lifetime: `make` is valid during the call only.
// Source: `_MetaTensorCallback` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_KINDS_ALLOCATION_CALLBACK_H_
#define METACONV_KINDS_ALLOCATION_CALLBACK_H_

#include <functional>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "c10/core/Device.h"

namespace metaconv {

using AllocationMaker = absl::FunctionRef<at::Tensor()>;
using AllocationCallback = std::function<at::Tensor(AllocationMaker make, c10::Device recorded)>;

}  // namespace metaconv

#endif  // METACONV_KINDS_ALLOCATION_CALLBACK_H_
