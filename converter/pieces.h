// ForEachPiece: processes the bytes of many storages in pieces of a few MiB, on as many threads as LibTorch uses.
//
// Example:
//   absl::Status status = ForEachPiece({{.size = a.nbytes()}, {.size = b.nbytes()}},
//                                      [&](std::size_t i, std::int64_t offset, std::int64_t size) { … });
//
// Pieces are started in order, so that a file is read from start to end.
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
  std::int64_t size = 0;  // In bytes. Nothing is called for an empty one.
  bool in_one = false;    // Process it as a single piece.
};

// Pieces start at multiples of this size.
inline constexpr std::int64_t kPieceSize = std::int64_t{4} << 20;

using PieceFunction = absl::FunctionRef<absl::Status(std::size_t index, std::int64_t offset, std::int64_t size)>;

// Errors: that of the first piece, in order, that failed. No piece is started after an error.
absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PIECES_H_
