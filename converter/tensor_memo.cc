#include "converter/tensor_memo.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "c10/core/UndefinedTensorImpl.h"
#include "c10/util/intrusive_ptr.h"

namespace metaconv {
namespace {

WeakReference<c10::TensorImpl> ReferenceTo(const at::Tensor& tensor) {
  return tensor.defined() ? WeakReference<c10::TensorImpl>(*tensor.unsafeGetTensorImpl())
                          : WeakReference<c10::TensorImpl>();
}

}  // namespace

TensorMemo::Turn::Turn(Turn&& other) noexcept
    : memo_(std::exchange(other.memo_, nullptr)),
      id_(other.id_),
      aside_(other.aside_),
      result_(std::move(other.result_)) {}

TensorMemo::Turn::~Turn() {
  if (memo_ != nullptr) memo_->End(*this, at::Tensor());
}

at::Tensor TensorMemo::Turn::Finish(at::Tensor built) {
  return std::exchange(memo_, nullptr)->End(*this, std::move(built));
}

at::Tensor TensorMemo::Entry::Get() const {
  using Strong = c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>;
  at::TensorImpl* impl = object.Lock().release();
  return impl == nullptr ? at::Tensor() : at::Tensor(Strong::reclaim(impl));
}

at::Tensor TensorMemo::Entry::GetOrSet(WeakReference<c10::TensorImpl>& built) {
  at::Tensor result = Get();
  if (!result.defined()) std::swap(object, built);
  return result;
}

absl::StatusOr<TensorMemo::Turn> TensorMemo::Enter(MetaTensorId id) {
  if (std::optional<Turn> turn = TryEnter(id)) return *std::move(turn);
  return Wait(id);
}

// Nullopt if another thread is building the result.
std::optional<TensorMemo::Turn> TensorMemo::TryEnter(MetaTensorId id) {
  std::optional<Turn> turn;
  entries_.Visit(id, [&](Entry& entry) {
    if (at::Tensor result = entry.Get(); result.defined()) {
      turn.emplace(Turn(std::move(result)));
    } else if (!entry.IsBuilding()) {
      entry.builder = std::this_thread::get_id();
      turn.emplace(Turn(this, id, /*aside=*/false));
    }
  });
  return turn;
}

absl::StatusOr<TensorMemo::Turn> TensorMemo::Wait(MetaTensorId id) {
  // Incremented before the entry is checked: if a builder ends after the check, it sees the increment, because both
  // threads locked the entry in between.
  waiters_.fetch_add(1, std::memory_order_relaxed);
  absl::StatusOr<Turn> turn = WaitInLine(id);
  waiters_.fetch_sub(1, std::memory_order_relaxed);
  return turn;
}

absl::StatusOr<TensorMemo::Turn> TensorMemo::WaitInLine(MetaTensorId id) {
  const std::thread::id self = std::this_thread::get_id();
  const MutexLock lock(mutex_);
  while (true) {
    if (BuilderOf(id) == self || aside_.contains({self, id})) {
      return absl::InvalidArgumentError(absl::StrCat(
          "record ", id,
          ": expected a conversion that does not depend on its own result, found a request for that result on the "
          "thread that builds it"));
    }
    if (WouldWaitForItself(id)) {
      aside_.emplace(self, id);
      return Turn(this, id, /*aside=*/true);
    }
    // The builder locks the mutex before it notifies, so the notification cannot come between this check and the wait.
    if (std::optional<Turn> turn = TryEnter(id)) return *std::move(turn);
    waiting_for_[self] = id;
    ended_.Wait(mutex_);
    waiting_for_.erase(self);
  }
}

std::thread::id TensorMemo::BuilderOf(MetaTensorId id) {
  std::thread::id builder;
  entries_.VisitIfPresent(id, [&](Entry& entry) { builder = entry.builder; });
  return builder;
}

// Follows the chain of waiting threads from the builder of `id`. The chain has no cycle, so this terminates.
bool TensorMemo::WouldWaitForItself(MetaTensorId id) {
  const std::thread::id self = std::this_thread::get_id();
  while (true) {
    const std::thread::id builder = BuilderOf(id);
    if (builder == self) return true;
    const auto waits = waiting_for_.find(builder);
    if (waits == waiting_for_.end()) return false;
    id = waits->second;
  }
}

// `built` is undefined if the build failed.
at::Tensor TensorMemo::End(const Turn& turn, at::Tensor built) {
  at::Tensor other;  // `built` and the old reference are destroyed after the lock is released.
  WeakReference<c10::TensorImpl> reference = ReferenceTo(built);
  entries_.Visit(turn.id_, [&](Entry& entry) {
    if (built.defined()) other = entry.GetOrSet(reference);
    if (!turn.aside_) entry.builder = std::thread::id();
  });
  if (turn.aside_ || waiters_.load(std::memory_order_relaxed) > 0) WakeWaiters(turn);
  return other.defined() ? std::move(other) : std::move(built);
}

void TensorMemo::WakeWaiters(const Turn& turn) {
  {
    const MutexLock lock(mutex_);
    if (turn.aside_) aside_.erase({std::this_thread::get_id(), turn.id_});
  }
  ended_.NotifyAll();
}

at::Tensor TensorMemo::GetOrSet(MetaTensorId id, at::Tensor built) {
  at::Tensor other;  // As in End.
  WeakReference<c10::TensorImpl> reference = ReferenceTo(built);
  entries_.Visit(id, [&](Entry& entry) { other = entry.GetOrSet(reference); });
  return other.defined() ? std::move(other) : std::move(built);
}

at::Tensor TensorMemo::Get(MetaTensorId id) {
  at::Tensor result;
  entries_.VisitIfPresent(id, [&](Entry& entry) { result = entry.Get(); });
  return result;
}

std::optional<at::Tensor> TensorMemo::GetUnlessBuilding(MetaTensorId id) {
  std::optional<at::Tensor> result = at::Tensor();
  entries_.VisitIfPresent(id, [&](Entry& entry) {
    result = entry.Get();
    if (!result->defined() && entry.IsBuilding()) result.reset();
  });
  return result;
}

void TensorMemo::Set(MetaTensorId id, const at::Tensor& tensor) {
  WeakReference<c10::TensorImpl> reference = ReferenceTo(tensor);  // As in End.
  entries_.Visit(id, [&](Entry& entry) { std::swap(entry.object, reference); });
}

void TensorMemo::ForEach(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit) {
  std::vector<MetaTensorId> ids;
  entries_.VisitAlive([&](MetaTensorId id, const Entry&) { ids.push_back(id); });
  std::sort(ids.begin(), ids.end());
  for (const MetaTensorId id : ids) {
    if (const at::Tensor tensor = Get(id); tensor.defined()) visit(id, tensor);
  }
}

}  // namespace metaconv
