// ForEachPiece: calls a function for pieces of many blocks of bytes, from as many threads as the amount of work is worth.
//
// Example:
//   absl::Status status = ForEachPiece({{.size = a.nbytes()}, {.size = b.nbytes()}},
//                                      [&](std::size_t i, std::int64_t offset, std::int64_t size) { … });
//
// Large blocks are cut, and small ones are grouped. Pieces are started in order, so that a file is read from its start to
// its end.
//
// Thread safety: the function is called from several threads at once, on different pieces, with no lock held.
// Lifetime: all threads have ended when it returns.

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
  std::int64_t size = 0;          // In bytes. Nothing is called for an empty one.
  bool in_one = false;            // Not to be cut.
  const void* address = nullptr;  // Where the bytes are in memory, if they are: see kPieceSize.
};

// A piece is at most this long. Pieces end at addresses that are multiples of it, or at such offsets where there is no
// address. It is the size of a huge page: two threads that write to the same fresh one at once would both have the kernel
// prepare one.
inline constexpr std::int64_t kPieceSize = std::int64_t{2} << 20;

// Offsets of pieces are multiples of this.
inline constexpr std::int64_t kPieceAlignment = 64;

using PieceFunction = absl::FunctionRef<absl::Status(std::size_t index, std::int64_t offset, std::int64_t size)>;

// Uses at most at::get_num_threads() threads, the caller's among them.
// Errors: that of the first piece, in order, of those that failed. After an error no other piece is started.
absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PIECES_H_
