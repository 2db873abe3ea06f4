#include "converter/pieces.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "ATen/Parallel.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

struct Piece {
  std::size_t index;
  std::int64_t offset;
  std::int64_t size;
};

// Pieces and, for each thread's turn, how many of them are about as much as one large piece: small ones go together.
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

// What the threads of one call share.
class Work {
 public:
  Work(const Plan& plan, PieceFunction function) : plan_(plan), function_(function) {}

  void Run() {
    for (;;) {
      // Turns are handed out in order; nothing is published by it.
      const std::size_t turn = next_.fetch_add(1, std::memory_order_relaxed);
      if (turn >= plan_.turn_ends.size()) return;
      const std::size_t begin = turn == 0 ? 0 : plan_.turn_ends[turn - 1];
      for (std::size_t i = begin; i < plan_.turn_ends[turn]; ++i) {
        if (i > failed_at_.load(std::memory_order_relaxed)) return;
        const Piece& piece = plan_.pieces[i];
        if (absl::Status status = function_(piece.index, piece.offset, piece.size); !status.ok()) {
          return Fail(i, std::move(status));
        }
      }
    }
  }

  // Once all threads have returned.
  absl::Status status() && { return std::move(status_); }

 private:
  void Fail(std::size_t piece, absl::Status status) {
    const std::lock_guard lock(mutex_);
    if (piece >= failed_at_.load(std::memory_order_relaxed)) return;
    failed_at_.store(piece, std::memory_order_relaxed);
    status_ = std::move(status);
  }

  const Plan& plan_;
  const PieceFunction function_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::atomic<std::size_t> failed_at_ = static_cast<std::size_t>(-1);
  absl::Status status_;
};

}  // namespace

absl::Status ForEachPiece(absl::Span<const Whole> wholes, PieceFunction function) {
  const Plan plan = MakePlan(wholes);
  Work work(plan, function);
  const std::size_t threads = std::min<std::size_t>(at::get_num_threads(), plan.turn_ends.size());
  std::vector<std::thread> others;
  others.reserve(threads);
  for (std::size_t i = 1; i < threads; ++i) {
    // Where the system has no thread to spare, those that there are do the work.
    if (!CatchTorch("starting a thread", [&] { others.emplace_back([&] { work.Run(); }); }).ok()) break;
  }
  work.Run();
  for (std::thread& other : others) other.join();
  return std::move(work).status();
}

}  // namespace metaconv
