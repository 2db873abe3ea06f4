// ForEachPiece: processes the bytes of many storages in pieces, on as many threads as the amount of work justifies.
//
// Example:
//   absl::Status status = ForEachPiece({{.size = a.nbytes()}, {.size = b.nbytes()}},
//                                      [&](std::size_t i, std::int64_t offset, std::int64_t size) { … });
//
// Large storages are split into pieces, and small ones are combined. Pieces are started in order, so that a file is
// read from start to end.
//
// Thread safety: the function is called from several threads at once, on different pieces, with no lock held.
// Lifetime: all threads have ended when ForEachPiece returns.

#ifndef METACONV_CONVERTER_PIECES_H_
#define METACONV_CONVERTER_PIECES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"

namespace metaconv {

struct Whole {
  std::int64_t size = 0;          // In bytes. If 0, the function is not called.
  bool in_one = false;            // Process it as a single piece.
  const void* address = nullptr;  // The memory that is written; null if it is not on the CPU. See kPieceSize.
};

// The maximum size of a piece, which is the size of a huge page. Pieces end at addresses that are multiples of it, or
// at offsets that are multiples if `address` is null. Two threads then do not write to the same new huge page; if they
// did, each of them would make the kernel clear a huge page.
inline constexpr std::int64_t kPieceSize = std::int64_t{2} << 20;

// The offsets of pieces are multiples of this.
inline constexpr std::int64_t kPieceAlignment = 64;

using PieceFunction = absl::FunctionRef<absl::Status(std::size_t index, std::int64_t offset, std::int64_t size)>;

// Uses at most at::get_num_threads() threads, including the caller's.
// Errors: that of the first piece, in order, that failed. No piece is started after an error.
absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PIECES_H_
