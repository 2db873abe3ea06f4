#include "converter/tensor_memo.h"

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "c10/core/UndefinedTensorImpl.h"
#include "c10/util/intrusive_ptr.h"

namespace metaconv {
namespace {

using Slot = WeakSlot<c10::TensorImpl>;

Slot::Weak ReferenceTo(const at::Tensor& tensor) {
  return tensor.defined() ? Slot::Weaken(*tensor.unsafeGetTensorImpl()) : Slot::NoReference();
}

at::Tensor AsTensor(Slot::Strong object) {
  using Strong = c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>;
  at::TensorImpl* impl = object.release();
  return impl == nullptr ? at::Tensor() : at::Tensor(Strong::reclaim(impl));
}

}  // namespace

TensorMemo::Build& TensorMemo::Build::operator=(Build&& other) noexcept {
  std::swap(memo_, other.memo_);
  std::swap(id_, other.id_);
  std::swap(slot_, other.slot_);
  std::swap(result_, other.result_);
  return *this;
}

at::Tensor TensorMemo::Build::Finish(at::Tensor built) {
  return std::exchange(memo_, nullptr)->End(*this, std::move(built));
}

TensorMemo::ThreadNumber TensorMemo::ThisThread() {
  static std::atomic<ThreadNumber> last = 0;
  static constinit thread_local ThreadNumber number = 0;
  if (number == 0) number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

absl::StatusOr<TensorMemo::Build> TensorMemo::GetOrStartBuild(MetaTensorId id) {
  absl::StatusOr<Build> build = Build();
  Reference replaced = Slot::NoReference();
  const bool is_building = !TryStart(id, *build, replaced, OnNewPage::kCheckOthers);
  slots_.Destroy(std::move(replaced));
  if (is_building) build = Wait(id);
  return build;
}

// Returns false if another thread is building the result.
bool TensorMemo::TryStart(MetaTensorId id, Build& build, Reference& replaced, OnNewPage on_new_page) {
  const auto start = [&](Slot& slot) {
    Slot::Content content = slot.Load();
    do {
      if (Slot::Strong object = content.Lock()) {
        build.result_ = AsTensor(std::move(object));
        return true;
      }
      if (IsBuilding(content)) return false;
    } while (!slot.CompareExchange(content, Slot::Content::Number(ThisThread())));
    replaced = Reference::reclaim(content.object());
    build.memo_ = this;
    build.id_ = id;
    build.slot_ = &slot;
    return true;
  };
  return slots_.Visit(id, start, on_new_page);
}

absl::StatusOr<TensorMemo::Build> TensorMemo::Wait(MetaTensorId id) {
  // Incremented before the slot is checked, and a builder reads it after it has changed the slot, all with sequential
  // consistency. So a builder that ends after the check sees the increment.
  waiters_.fetch_add(1);
  Reference replaced = Slot::NoReference();
  absl::StatusOr<Build> build = WaitInLine(id, replaced);
  waiters_.fetch_sub(1);
  slots_.Destroy(std::move(replaced));
  return build;
}

absl::StatusOr<TensorMemo::Build> TensorMemo::WaitInLine(MetaTensorId id, Reference& replaced) {
  const ThreadNumber self = ThisThread();
  Build build;
  const MutexLock lock(mutex_);
  while (true) {
    if (BuilderOf(id) == self || duplicate_builds_.contains({self, id})) {
      return absl::InvalidArgumentError(absl::StrCat(
          "record ", id,
          ": expected a conversion that does not depend on its own result, found a request for that result on the "
          "thread that builds it"));
    }
    if (WouldWaitForItself(id)) {
      duplicate_builds_.emplace(self, id);
      build.memo_ = this;
      build.id_ = id;
      return build;
    }
    // The builder locks the mutex before it notifies, so the notification cannot come between this check and the wait.
    if (TryStart(id, build, replaced, OnNewPage::kOnlyAdd)) return build;
    waiting_for_[self] = id;
    ended_.Wait(mutex_);
    waiting_for_.erase(self);
  }
}

TensorMemo::ThreadNumber TensorMemo::BuilderOf(MetaTensorId id) {
  Slot::Content content;
  slots_.VisitIfPresent(id, [&](const Slot& slot) { content = slot.Load(); });
  return content.IsFlagged() ? displaced_builders_.at(id) : content.number();
}

// Follows the chain of waiting threads from the builder of `id`. The chain has no cycle, so this terminates.
bool TensorMemo::WouldWaitForItself(MetaTensorId id) {
  const ThreadNumber self = ThisThread();
  while (true) {
    const ThreadNumber builder = BuilderOf(id);
    if (builder == self) return true;
    const auto waits = waiting_for_.find(builder);
    if (waits == waiting_for_.end()) return false;
    id = waits->second;
  }
}

// `built` is undefined if the build failed.
at::Tensor TensorMemo::End(const Build& build, at::Tensor built) {
  Reference reference = ReferenceTo(built);
  Slot::Content content = Slot::Content::Number(ThisThread());
  if (!build.IsDuplicate() &&
      build.slot_->CompareExchange(content, Slot::Content::Reference(reference._unsafe_get_target()))) {
    reference.release();
    if (waiters_.load() > 0) {
      { const MutexLock lock(mutex_); }
      ended_.NotifyAll();
    }
    return built;
  }
  Slot::Strong existing = EndBesideOthers(build, reference);
  if (existing) return AsTensor(std::move(existing));
  slots_.Destroy(std::move(reference));
  return built;
}

// Ends a duplicate build, or a build during which a result was stored by other means.
TensorMemo::Slot::Strong TensorMemo::EndBesideOthers(const Build& build, Reference& reference) {
  Slot::Strong existing;
  {
    const MutexLock lock(mutex_);
    if (build.IsDuplicate()) duplicate_builds_.erase({ThisThread(), build.id_});
    if (!build.IsDuplicate() || reference._unsafe_get_target() != nullptr) {
      existing = StoreLocked(build.id_, reference, Existing::kKeep, /*ends_build=*/!build.IsDuplicate());
    }
  }
  ended_.NotifyAll();
  return existing;
}

TensorMemo::Stored TensorMemo::TryStore(Slot& slot, Reference& reference, Existing existing) {
  Slot::Content content = slot.Load();
  do {
    if (existing == Existing::kKeep) {
      if (Slot::Strong object = content.Lock()) return {.existing = std::move(object), .is_building = false};
    }
    if (IsBuilding(content)) return {.existing = {}, .is_building = true};
  } while (!slot.CompareExchange(content, Slot::Content::Reference(reference._unsafe_get_target())));
  reference.release();
  reference = Reference::reclaim(content.object());
  return {};
}

TensorMemo::Slot::Strong TensorMemo::Store(MetaTensorId id, Reference& reference, Existing existing) {
  Stored stored = slots_.Visit(id, [&](Slot& slot) { return TryStore(slot, reference, existing); });
  if (!stored.is_building) return std::move(stored.existing);
  const MutexLock lock(mutex_);
  return StoreLocked(id, reference, existing, /*ends_build=*/false);
}

// As TryStore, also during another thread's build.
TensorMemo::Slot::Strong TensorMemo::StoreLocked(MetaTensorId id, Reference& reference, Existing existing,
                                                 bool ends_build) {
  Slot::Content content;
  const auto store = [&](Slot& slot) {
    content = slot.Load();
    while (true) {
      Slot::Strong kept = existing == Existing::kKeep ? content.Lock() : Slot::Strong();
      if (kept && !ends_build) return kept;
      c10::TensorImpl* const stored = kept ? kept.get() : reference._unsafe_get_target();
      if (slot.CompareExchange(content, Slot::Content::Reference(stored, IsBuilding(content) && !ends_build))) {
        return kept;
      }
    }
  };
  Slot::Strong object = slots_.Visit(id, store, OnNewPage::kOnlyAdd);
  if (ends_build) {
    displaced_builders_.erase(id);
  } else if (content.IsNumber()) {
    displaced_builders_[id] = content.number();
  }
  if (!object) {
    reference.release();
    reference = Reference::reclaim(content.object());
  }
  return object;
}

at::Tensor TensorMemo::GetOrSet(MetaTensorId id, at::Tensor built) {
  Reference reference = ReferenceTo(built);
  if (Slot::Strong existing = Store(id, reference, Existing::kKeep)) return AsTensor(std::move(existing));
  slots_.Destroy(std::move(reference));
  return built;
}

void TensorMemo::GetOrSet(absl::Span<const MetaTensorId> ids, absl::Span<at::Tensor> built) {
  std::vector<Reference> replaced;
  std::vector<at::Tensor> dropped;  // Destroyed without a lock.
  std::vector<std::size_t> in_other_builds;
  slots_.VisitEach(ids, [&](std::size_t i, Slot& slot) {
    Reference reference = ReferenceTo(built[i]);
    Stored stored = TryStore(slot, reference, Existing::kKeep);
    if (stored.is_building) {
      in_other_builds.push_back(i);
    } else if (stored.existing) {
      dropped.push_back(std::exchange(built[i], AsTensor(std::move(stored.existing))));
    } else if (reference._unsafe_get_target() != nullptr) {
      replaced.push_back(std::move(reference));
    }
  });
  for (const std::size_t i : in_other_builds) built[i] = GetOrSet(ids[i], std::move(built[i]));
  slots_.Destroy(std::move(replaced));
}

at::Tensor TensorMemo::Get(MetaTensorId id) {
  Slot::Strong object;
  slots_.VisitIfPresent(id, [&](const Slot& slot) { object = slot.Lock(); });
  return AsTensor(std::move(object));
}

std::optional<at::Tensor> TensorMemo::ResultUnlessBuilding(const Slot& slot) {
  const Slot::Content content = slot.Load();
  if (Slot::Strong object = content.Lock()) return AsTensor(std::move(object));
  if (IsBuilding(content)) return std::nullopt;
  return at::Tensor();
}

std::optional<at::Tensor> TensorMemo::GetUnlessBuilding(MetaTensorId id) {
  std::optional<at::Tensor> result = at::Tensor();
  slots_.VisitIfPresent(id, [&](const Slot& slot) { result = ResultUnlessBuilding(slot); });
  return result;
}

std::vector<std::optional<at::Tensor>> TensorMemo::GetUnlessBuilding(absl::Span<const MetaTensorId> ids) {
  std::vector<std::optional<at::Tensor>> results(ids.size(), at::Tensor());
  slots_.VisitEachPresent(ids, [&](std::size_t i, const Slot& slot) { results[i] = ResultUnlessBuilding(slot); });
  return results;
}

void TensorMemo::Set(MetaTensorId id, const at::Tensor& tensor) {
  Reference reference = ReferenceTo(tensor);
  Store(id, reference, Existing::kReplace);
  slots_.Destroy(std::move(reference));
}

void TensorMemo::ForEach(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit) {
  slots_.ForEachAlive([&](MetaTensorId id) {
    if (const at::Tensor tensor = Get(id); tensor.defined()) visit(id, tensor);
  });
}

}  // namespace metaconv
