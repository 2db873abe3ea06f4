// Sizes: the sizes or the strides of a tensor in a file.
//
// Example:
//   Sizes shape = {2, 3};
//
// Thread safety: a plain value.
// Lifetime: owns its elements.

#ifndef METACONV_CHECKPOINT_RECORDS_SIZES_H_
#define METACONV_CHECKPOINT_RECORDS_SIZES_H_

#include "c10/util/DimVector.h"

namespace metaconv {

// Up to five dimensions are stored without an allocation.
using Sizes = c10::DimVector;

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_SIZES_H_
