// TensorMemo: id -> result, held weakly, where for each id one thread builds and the others that want it wait.
//
// Example:
//   absl::StatusOr<TensorMemo::Turn> turn = memo.Enter(id);
//   if (!turn.ok()) return turn.status();
//   if (turn->result().defined()) return turn->result();    // It is there already, or somebody else has built it.
//   … build …
//   return turn->Finish(tensor);                            // Not called on failure: the next in line then builds.
//
// What can be built twice without anybody seeing it needs no turn:
//   return memo.GetOrSet(id, tensor);
//
// Threads that wait for each other in a circle would wait for ever: one builds what leads to what another builds, and the
// other way round, which takes records of different times or callbacks that convert. The thread that would close the
// circle builds aside, and whoever finishes first has built for all. A thread that comes back to what it builds itself
// gets an error.
//
// Thread safety: Thread-safe. No lock is held while a turn is.
// Lifetime: keeps no tensor alive. Turns must end before the memo does, each on the thread that it was given to.

#ifndef METACONV_CONVERTER_TENSOR_MEMO_H_
#define METACONV_CONVERTER_TENSOR_MEMO_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "c10/core/TensorImpl.h"
#include "describer/sharded_weak_map.h"
#include "describer/weak_reference.h"
#include "meta/meta_storage_desc.h"
#include "meta/mutex.h"

namespace metaconv {

class TensorMemo {
 public:
  class Turn {
   public:
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    // What is there; undefined if this thread is to build it.
    const at::Tensor& result() const { return result_; }

    // Remembers what was built, lets those who wait have it, and returns it; or what somebody else has finished before.
    at::Tensor Finish(at::Tensor built);

   private:
    friend class TensorMemo;
    Turn(TensorMemo* memo, MetaTensorId id, bool aside) : memo_(memo), id_(id), aside_(aside) {}
    explicit Turn(at::Tensor result) : result_(std::move(result)) {}

    TensorMemo* memo_ = nullptr;  // Null once there is nothing to hand on.
    MetaTensorId id_ = 0;
    bool aside_ = false;  // Another thread is the builder; nobody waits for this one.
    at::Tensor result_;
  };

  // Errors: kInvalidArgument if this thread is building `id` already.
  absl::StatusOr<Turn> Enter(MetaTensorId id);

  // What is there, if somebody was faster, else `built`, which is remembered.
  at::Tensor GetOrSet(MetaTensorId id, at::Tensor built);

  // Undefined if there is none, or nobody holds it any more.
  at::Tensor Get(MetaTensorId id);

  // The same; nothing if there is none and somebody builds it.
  std::optional<at::Tensor> GetUnlessBuilding(MetaTensorId id);

  void Set(MetaTensorId id, const at::Tensor& tensor);

  // How many results are alive.
  std::size_t CountAlive() const { return entries_.CountAlive(); }

  // Calls `visit` for each result that is alive, in the order of the ids, with no lock held.
  void ForEach(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit);

  void Sweep() { entries_.Sweep(); }

  // Dead entries that were not swept yet included.
  std::size_t size() const { return entries_.size(); }
  std::int64_t lookups() const { return entries_.lookups(); }

 private:
  struct Entry {
    WeakReference<c10::TensorImpl> object;
    std::thread::id builder;  // Of no thread, if nobody builds.

    // Undefined if there is none, or nobody holds it any more.
    at::Tensor Get() const;
    // What is there; undefined if there was none, and what `built` refers to is now. `built` then has the old reference.
    at::Tensor GetOrSet(WeakReference<c10::TensorImpl>& built);
    bool IsBuilding() const { return builder != std::thread::id(); }
    bool IsAlive() const { return object.IsAlive(); }
    bool IsDead() const { return !IsBuilding() && (object.IsEmpty() || object.IsDead()); }
    void Prefetch() const { object.Prefetch(); }
  };

  absl::StatusOr<Turn> Wait(MetaTensorId id) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Turn> WaitInLine(MetaTensorId id) ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Turn> TryEnter(MetaTensorId id);
  std::thread::id BuilderOf(MetaTensorId id);
  bool WouldWaitForItself(MetaTensorId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  at::Tensor End(const Turn& turn, at::Tensor built) ABSL_LOCKS_EXCLUDED(mutex_);
  void WakeWaiters(const Turn& turn) ABSL_LOCKS_EXCLUDED(mutex_);

  ShardedWeakMap<MetaTensorId, Entry> entries_;

  // Threads that wait, or are about to look whether they have to.
  std::atomic<int> waiters_ = 0;
  // Only for those who wait. Taken before an entry's lock, never after.
  Mutex mutex_;
  CondVar ended_;
  absl::flat_hash_map<std::thread::id, MetaTensorId> waiting_for_ ABSL_GUARDED_BY(mutex_);
  // Who builds what aside.
  absl::flat_hash_set<std::pair<std::thread::id, MetaTensorId>> aside_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_TENSOR_MEMO_H_
