#include "converter/tensor_memo.h"

#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace metaconv {

TensorMemo::Turn::Turn(Turn&& other) noexcept
    : memo_(std::exchange(other.memo_, nullptr)), id_(other.id_), result_(std::move(other.result_)) {}

TensorMemo::Turn::~Turn() {
  if (memo_ != nullptr) memo_->End(id_, nullptr);
}

void TensorMemo::Turn::Finish(const at::Tensor& built) { std::exchange(memo_, nullptr)->End(id_, &built); }

at::Tensor TensorMemo::Entry::Lock() const {
  if (!object.has_value()) return at::Tensor();
  auto impl = object->lock();
  return impl ? at::Tensor(std::move(impl)) : at::Tensor();
}

absl::StatusOr<TensorMemo::Turn> TensorMemo::Enter(MetaTensorId id) {
  if (std::optional<Turn> turn = TryEnter(id, /*await=*/false)) return *std::move(turn);
  return Wait(id);
}

// Empty if another thread builds. `await`: it shall wake us when it is done.
std::optional<TensorMemo::Turn> TensorMemo::TryEnter(MetaTensorId id, bool await) {
  std::optional<Turn> turn;
  entries_.Visit(id, [&](Entry& entry) {
    if (at::Tensor result = entry.Lock(); result.defined()) {
      turn.emplace(Turn(std::move(result)));
    } else if (entry.IsBuilding()) {
      entry.awaited |= await;
    } else {
      entry.builder = std::this_thread::get_id();
      turn.emplace(Turn(this, id));
    }
  });
  return turn;
}

absl::StatusOr<TensorMemo::Turn> TensorMemo::Wait(MetaTensorId id) {
  const std::thread::id self = std::this_thread::get_id();
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    if (WouldWaitForItself(id)) return absl::InvalidArgumentError(absl::StrCat("record ", id, " contains itself"));
    // The builder takes the mutex before it wakes us, so it cannot do so between this look and the wait.
    if (std::optional<Turn> turn = TryEnter(id, /*await=*/true)) return *std::move(turn);
    waiting_for_[self] = id;
    ended_.wait(lock);
    waiting_for_.erase(self);
  }
}

// Follows who waits for whom from the builder of `id`. Nobody waits in a circle, so this ends.
bool TensorMemo::WouldWaitForItself(MetaTensorId id) {
  const std::thread::id self = std::this_thread::get_id();
  while (true) {
    std::thread::id builder;
    entries_.VisitIfPresent(id, [&](Entry& entry) { builder = entry.builder; });
    if (builder == self) return true;
    const auto waits = waiting_for_.find(builder);
    if (waits == waiting_for_.end()) return false;
    id = waits->second;
  }
}

// `built` null: the build failed.
void TensorMemo::End(MetaTensorId id, const at::Tensor* built) {
  bool awaited = false;
  entries_.Visit(id, [&](Entry& entry) {
    if (built != nullptr) entry.object.emplace(built->getIntrusivePtr());
    entry.builder = std::thread::id();
    awaited = std::exchange(entry.awaited, false);
  });
  if (!awaited) return;
  { const std::lock_guard<std::mutex> lock(mutex_); }
  ended_.notify_all();
}

at::Tensor TensorMemo::Get(MetaTensorId id) {
  at::Tensor result;
  entries_.VisitIfPresent(id, [&](Entry& entry) { result = entry.Lock(); });
  return result;
}

void TensorMemo::Set(MetaTensorId id, const at::Tensor& tensor) {
  entries_.Visit(id, [&](Entry& entry) { entry.object.emplace(tensor.getIntrusivePtr()); });
}

}  // namespace metaconv
