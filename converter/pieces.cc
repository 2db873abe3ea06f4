#include "converter/pieces.h"

#include <algorithm>

#include "ATen/Parallel.h"
#include "converter/for_each_task.h"

namespace metaconv {
namespace {

struct Piece {
  std::size_t index;
  std::int64_t offset;
  std::int64_t size;
};

// The pieces, and the batches of pieces that one thread processes at a time. A batch has about the size of one large
// piece: small pieces are combined.
struct Plan {
  std::vector<Piece> pieces;
  std::vector<std::size_t> turn_ends;
  std::int64_t size = 0;
};

// The end offset of the piece that begins at `offset`.
std::int64_t EndOfPiece(const Whole& whole, std::int64_t offset) {
  if (whole.in_one) return whole.size;
  const auto address = reinterpret_cast<std::uintptr_t>(whole.address);
  const auto begin = static_cast<std::int64_t>(address % kPieceAlignment == 0 ? address % kPieceSize : 0);
  return std::min(whole.size, ((begin + offset) / kPieceSize + 1) * kPieceSize - begin);
}

Plan MakePlan(absl::Span<const Whole> wholes) {
  Plan plan;
  std::int64_t in_turn = 0;
  const auto end_turn = [&] {
    plan.turn_ends.push_back(plan.pieces.size());
    in_turn = 0;
  };
  for (std::size_t i = 0; i < wholes.size(); ++i) {
    for (std::int64_t offset = 0; offset < wholes[i].size;) {
      const std::int64_t size = EndOfPiece(wholes[i], offset) - offset;
      if (in_turn + size > kPieceSize && in_turn > 0) end_turn();
      plan.pieces.push_back({i, offset, size});
      plan.size += size;
      in_turn += size;
      offset += size;
    }
  }
  if (in_turn > 0) end_turn();
  return plan;
}

// The number of threads for `size` bytes. Starting and joining a thread takes about as long as copying 1 MiB.
int ThreadsFor(std::int64_t size) {
  constexpr std::int64_t kBytesPerThread = std::int64_t{2} << 20;
  return static_cast<int>(std::clamp<std::int64_t>(size / kBytesPerThread, 1, at::get_num_threads()));
}

}  // namespace

absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function) {
  const Plan plan = MakePlan(wholes);
  return ForEachTask(plan.turn_ends.size(), ThreadsFor(plan.size), [&](std::size_t turn) {
    for (std::size_t i = turn == 0 ? 0 : plan.turn_ends[turn - 1]; i < plan.turn_ends[turn]; ++i) {
      const Piece& piece = plan.pieces[i];
      if (absl::Status status = function(piece.index, piece.offset, piece.size); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

}  // namespace metaconv
