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
};

Plan MakePlan(absl::Span<const Whole> wholes) {
  Plan plan;
  std::int64_t in_turn = 0;
  const auto end_turn = [&] {
    plan.turn_ends.push_back(plan.pieces.size());
    in_turn = 0;
  };
  for (std::size_t i = 0; i < wholes.size(); ++i) {
    const std::int64_t step = wholes[i].in_one ? wholes[i].size : kPieceSize;
    for (std::int64_t offset = 0; offset < wholes[i].size; offset += step) {
      const std::int64_t size = std::min(step, wholes[i].size - offset);
      if (in_turn + size > kPieceSize && in_turn > 0) end_turn();
      plan.pieces.push_back({i, offset, size});
      in_turn += size;
    }
  }
  if (in_turn > 0) end_turn();
  return plan;
}

}  // namespace

absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function) {
  const Plan plan = MakePlan(wholes);
  return ForEachTask(plan.turn_ends.size(), at::get_num_threads(), [&](std::size_t turn) {
    for (std::size_t i = turn == 0 ? 0 : plan.turn_ends[turn - 1]; i < plan.turn_ends[turn]; ++i) {
      const Piece& piece = plan.pieces[i];
      if (absl::Status status = function(piece.index, piece.offset, piece.size); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

}  // namespace metaconv
