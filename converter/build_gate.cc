#include "converter/build_gate.h"

#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace metaconv {

BuildGate::Turn::Turn(Turn&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), id_(other.id_), result_(std::move(other.result_)) {}

BuildGate::Turn::~Turn() {
  if (gate_ != nullptr) gate_->End(id_, at::Tensor());
}

void BuildGate::Turn::Finish(const at::Tensor& result) { std::exchange(gate_, nullptr)->End(id_, result); }

absl::StatusOr<BuildGate::Turn> BuildGate::Enter(MetaTensorId id) {
  const std::thread::id self = std::this_thread::get_id();
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    std::shared_ptr<Build>& here = builds_[id];
    if (here == nullptr) {
      here = std::make_shared<Build>(Build{.builder = self, .done = false, .result = {}});
      return Turn(this, id);
    }
    if (WouldWaitForItself(id)) {
      return absl::InvalidArgumentError(absl::StrCat("record ", id, " contains itself"));
    }
    const std::shared_ptr<Build> build = here;
    waiting_for_[self] = id;
    ended_.wait(lock, [&] { return build->done; });
    waiting_for_.erase(self);
    if (build->result.defined()) return Turn(build->result);
  }
}

// Follows who waits for whom from the builder of `id`. Threads that wait form chains, so this ends.
bool BuildGate::WouldWaitForItself(MetaTensorId id) const {
  const std::thread::id self = std::this_thread::get_id();
  for (auto build = builds_.find(id); build != builds_.end();) {
    const std::thread::id builder = build->second->builder;
    if (builder == self) return true;
    const auto waits = waiting_for_.find(builder);
    if (waits == waiting_for_.end()) return false;
    build = builds_.find(waits->second);
  }
  return false;
}

void BuildGate::End(MetaTensorId id, const at::Tensor& result) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto build = builds_.find(id);
    build->second->done = true;
    build->second->result = result;
    builds_.erase(build);
  }
  ended_.notify_all();
}

}  // namespace metaconv
