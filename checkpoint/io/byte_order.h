// Conversion of elements from the byte order of a file to that of this machine, as torch.load does it.
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

// The number of bytes to reverse as one group to convert elements of `dtype` from `order` to this machine's byte order:
// the size of one real number, which is half of a complex element. 1 if no conversion is needed.
int SwapSize(c10::ScalarType dtype, std::endian order);

// Reverses each group of `swap_size` (1, 2, 4 or 8) bytes. An incomplete last group is not changed.
void SwapBytes(int swap_size, absl::Span<char> bytes);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_BYTE_ORDER_H_
