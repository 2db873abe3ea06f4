// IsComplexOfReal: whether a complex dtype has a given real dtype as its component type.
//
// Example:
//   IsComplexOfReal(c10::kComplexFloat, c10::kFloat);   // true: view_as_real of the first dtype has the second dtype.
//
// Thread safety: pure functions.
// Lifetime: arguments and result are plain values.
// Source: `is_c_of_r` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_COMPLEX_DTYPE_H_
#define METACONV_META_COMPLEX_DTYPE_H_

#include "c10/core/ScalarType.h"

namespace metaconv {

inline bool IsComplexOfReal(c10::ScalarType complex_dtype, c10::ScalarType real_dtype) {
  return c10::isComplexType(complex_dtype) && c10::toRealValueType(complex_dtype) == real_dtype;
}

}  // namespace metaconv

#endif  // METACONV_META_COMPLEX_DTYPE_H_
