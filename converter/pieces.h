// ForEachPiece: work on the bytes of many storages, cut into pieces of a few MiB, by as many threads as LibTorch uses.
//
// Example:
//   absl::Status status = ForEachPiece({{.size = a.nbytes()}, {.size = b.nbytes()}},
//                                      [&](std::size_t i, std::int64_t offset, std::int64_t size) { … });
//
// Pieces are begun in order, so that a file is read from its start to its end.
//
// Thread safety: the function is called from several threads at once, on different pieces, with no lock held.
// Lifetime: returns when no thread runs any more.

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
  std::int64_t size = 0;  // In bytes; nothing is called for those without any.
  bool in_one = false;    // Not to be cut.
};

// Where pieces begin: at multiples of this.
inline constexpr std::int64_t kPieceSize = std::int64_t{4} << 20;

using PieceFunction = absl::FunctionRef<absl::Status(std::size_t index, std::int64_t offset, std::int64_t size)>;

// Errors: that of the first piece, in order, of those that failed; no others are begun after it.
absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PIECES_H_
