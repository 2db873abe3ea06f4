// TensorMemo: a weak map from id to result, in which one thread builds the result of an id while the others wait for
// it.
//
// Example:
//   absl::StatusOr<TensorMemo::Build> build = memo.GetOrStartBuild(id);
//   if (!build.ok()) return build.status();
//   if (build->result().defined()) return build->result();    // It exists already, or another thread built it.
//   … build …
//   return build->Finish(tensor);                             // Not called on failure: a waiting thread then builds.
//
// A tensor that may be built twice, because a dropped result has no effect, needs no build:
//   return memo.GetOrSet(id, tensor);
//
// Threads would deadlock if each waits for a result that another one of them builds. This can happen if callbacks
// convert tensors, or if records of the same tensors were made at different times. The thread whose wait would close
// such a cycle starts a duplicate build without waiting, and the result of the thread that finishes first is stored. A
// thread that needs the result that it is building itself gets an error.
//
// Thread safety: Thread-safe. No lock is held during a build.
// Lifetime: keeps no tensor alive. Builds must end before the memo is destroyed, each on the thread that started it.

#ifndef METACONV_CONVERTER_TENSOR_MEMO_H_
#define METACONV_CONVERTER_TENSOR_MEMO_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/TensorImpl.h"
#include "converter/id_table.h"
#include "converter/weak_slot.h"
#include "meta/meta_storage_desc.h"
#include "meta/mutex.h"

namespace metaconv {

class TensorMemo {
  using Slot = WeakSlot<c10::TensorImpl>;
  using Reference = Slot::Weak;

 public:
  class Build {
   public:
    Build(Build&& other) noexcept
        : memo_(std::exchange(other.memo_, nullptr)),
          id_(other.id_),
          slot_(other.slot_),
          result_(std::move(other.result_)) {}
    Build& operator=(Build&& other) noexcept;
    ~Build() {
      if (memo_ != nullptr) memo_->End(*this, at::Tensor());
    }

    // The existing result; undefined if this thread must build it.
    const at::Tensor& result() const { return result_; }

    // Stores `built`, notifies the waiting threads and returns it. If another thread finished first, returns its
    // result.
    at::Tensor Finish(at::Tensor built);

   private:
    friend class TensorMemo;
    Build() = default;
    bool IsDuplicate() const { return slot_ == nullptr; }

    TensorMemo* memo_ = nullptr;  // Null if there is a result, or the build has ended.
    MetaTensorId id_ = 0;
    Slot* slot_ = nullptr;  // Not empty during the build, so it stays at its address. Null for a duplicate build.
    at::Tensor result_;
  };

  // Errors: kInvalidArgument if this thread is building `id` already.
  absl::StatusOr<Build> GetOrStartBuild(MetaTensorId id);

  // Returns the existing result if there is one. Otherwise stores `built` and returns it.
  at::Tensor GetOrSet(MetaTensorId id, at::Tensor built);

  // As GetOrSet for each ids[i] and built[i], in order and in less time. Existing results replace those in `built`,
  // which has as many elements.
  void GetOrSet(absl::Span<const MetaTensorId> ids, absl::Span<at::Tensor> built);

  // The result; undefined if there is none, or it was destroyed.
  at::Tensor Get(MetaTensorId id);

  // As Get; nullopt if there is no result and a thread is building it.
  std::optional<at::Tensor> GetUnlessBuilding(MetaTensorId id);

  // As GetUnlessBuilding for each of `ids`, in order and in less time.
  std::vector<std::optional<at::Tensor>> GetUnlessBuilding(absl::Span<const MetaTensorId> ids);

  void Set(MetaTensorId id, const at::Tensor& tensor);

  // The number of live results.
  std::size_t CountAlive() const { return slots_.CountAlive(); }

  // Calls `visit` for each live result, in the order of the ids, with no lock held.
  void ForEach(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit);

  void Sweep() { slots_.Sweep(); }

  // Includes dead results that were not swept yet, and builds.
  std::size_t size() const { return slots_.size(); }
  std::int64_t lookups() const { return slots_.lookups(); }

 private:
  // Identifies a thread of this process; never reused. 0 is no thread.
  using ThreadNumber = std::uint64_t;
  static ThreadNumber ThisThread();

  // A slot without a result holds the number of the thread that builds it. If a result is stored by other means during
  // the build (Set, GetOrSet, a duplicate build), the number moves to displaced_builders_ and the reference is flagged.
  static bool IsBuilding(Slot::Content content) { return content.IsNumber() || content.IsFlagged(); }

  enum class Existing { kKeep, kReplace };
  struct Stored {
    Slot::Strong existing;     // Null if the reference was stored; it was then exchanged with the old one.
    bool is_building = false;  // A thread builds the result; nothing was stored.
  };
  static Stored TryStore(Slot& slot, Reference& reference, Existing existing);
  static std::optional<at::Tensor> ResultUnlessBuilding(const Slot& slot);

  // `replaced` is for the caller to pass to slots_.Destroy().
  using OnNewPage = IdTable<Slot>::OnNewPage;
  bool TryStart(MetaTensorId id, Build& build, Reference& replaced, OnNewPage on_new_page);
  absl::StatusOr<Build> Wait(MetaTensorId id) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Build> WaitInLine(MetaTensorId id, Reference& replaced) ABSL_LOCKS_EXCLUDED(mutex_);
  ThreadNumber BuilderOf(MetaTensorId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WouldWaitForItself(MetaTensorId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  at::Tensor End(const Build& build, at::Tensor built) ABSL_LOCKS_EXCLUDED(mutex_);
  Slot::Strong EndBesideOthers(const Build& build, Reference& reference) ABSL_LOCKS_EXCLUDED(mutex_);
  Slot::Strong Store(MetaTensorId id, Reference& reference, Existing existing) ABSL_LOCKS_EXCLUDED(mutex_);
  Slot::Strong StoreLocked(MetaTensorId id, Reference& reference, Existing existing, bool ends_build)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  IdTable<Slot> slots_;

  // The number of threads that wait, or are about to check whether they must wait.
  std::atomic<int> waiters_ = 0;
  // Used by waiting threads and those that store a result during another thread's build. A slot is visited under it,
  // but it is not locked by visitors.
  Mutex mutex_;
  CondVar ended_;
  absl::flat_hash_map<ThreadNumber, MetaTensorId> waiting_for_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<MetaTensorId, ThreadNumber> displaced_builders_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::pair<ThreadNumber, MetaTensorId>> duplicate_builds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_TENSOR_MEMO_H_
