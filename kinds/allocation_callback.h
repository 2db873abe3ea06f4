// AllocationCallback: a hook that a caller can install around each allocation of a conversion.
//
// The callback receives `make`, which allocates the meta tensor that the conversion would use, and the device that the
// record names. It returns the tensor to use instead: the result of `make`, or a tensor of the same shape of another
// kind, such as a fake tensor or a tensor on another device. The returned tensor must be a leaf that does not require
// grad.
//
// Example:
//   AllocationCallback counting = [&](AllocationMaker make, c10::Device recorded) {
//     ++allocations[recorded];
//     return make();
//   };
//
// Thread safety: called on the thread that converts, from several threads at once, with no lock held. It may throw.
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
