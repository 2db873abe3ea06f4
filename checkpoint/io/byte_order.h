// The order of bytes in elements, and how to change it as torch.load does.
//
// Example:
//   SwapSize(c10::ScalarType::ComplexFloat, std::endian::big);   // 4 on a little-endian machine
//   SwapBytes(4, bytes);
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_BYTE_ORDER_H_
#define METACONV_CHECKPOINT_IO_BYTE_ORDER_H_

#include <bit>

#include "absl/types/span.h"
#include "c10/core/ScalarType.h"

namespace metaconv {

// How many bytes are reversed together to bring elements of `dtype` from `order` to this machine's: the bytes of one
// real number. 1 if there is nothing to do.
int SwapSize(c10::ScalarType dtype, std::endian order);

// Reverses each run of `swap_size` (1, 2, 4 or 8) bytes; a last run that is shorter stays as it is.
void SwapBytes(int swap_size, absl::Span<char> bytes);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_BYTE_ORDER_H_
