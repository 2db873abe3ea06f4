#include "checkpoint/io/byte_order.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "absl/types/span.h"
#include "c10/core/ScalarType.h"

namespace metaconv {
namespace {

// With a constant size the compiler reverses a group with one instruction.
template <std::size_t kSize>
void SwapRuns(absl::Span<char> bytes) {
  char* run = bytes.data();
  for (std::size_t left = bytes.size(); left >= kSize; left -= kSize, run += kSize) std::reverse(run, run + kSize);
}

}  // namespace

int SwapSize(c10::ScalarType dtype, std::endian order) {
  if (order == std::endian::native) return 1;
  const c10::ScalarType real = c10::isComplexType(dtype) ? c10::toRealValueType(dtype) : dtype;
  return static_cast<int>(c10::elementSize(real));
}

void SwapBytes(int swap_size, absl::Span<char> bytes) {
  switch (swap_size) {
    case 2:
      return SwapRuns<2>(bytes);
    case 4:
      return SwapRuns<4>(bytes);
    case 8:
      return SwapRuns<8>(bytes);
    default:
      return;
  }
}

}  // namespace metaconv
