// TensorMemo: a weak map from id to result, in which one thread builds the result of an id while the others wait for
// it.
//
// Example:
//   absl::StatusOr<TensorMemo::Turn> turn = memo.Enter(id);
//   if (!turn.ok()) return turn.status();
//   if (turn->result().defined()) return turn->result();    // It exists already, or another thread built it.
//   … build …
//   return turn->Finish(tensor);                            // Not called on failure: a waiting thread then builds.
//
// A tensor that may be built twice, because a dropped result has no effect, needs no turn:
//   return memo.GetOrSet(id, tensor);
//
// Threads would deadlock if each waits for a result that another one of them builds. This can happen if callbacks
// convert tensors, or if records of the same tensors were made at different times. The thread whose wait would close
// such a cycle builds the result too, without waiting ("aside"), and the result of the thread that finishes first is
// stored. A thread that needs the result that it is building itself gets an error.
//
// Thread safety: Thread-safe. No lock is held while a thread has a turn.
// Lifetime: keeps no tensor alive. Turns must end before the memo is destroyed, each on the thread that entered it.

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

    // The existing result; undefined if this thread must build it.
    const at::Tensor& result() const { return result_; }

    // Stores `built`, notifies the waiting threads and returns it. If another thread finished first, returns its
    // result.
    at::Tensor Finish(at::Tensor built);

   private:
    friend class TensorMemo;
    Turn(TensorMemo* memo, MetaTensorId id, bool aside) : memo_(memo), id_(id), aside_(aside) {}
    explicit Turn(at::Tensor result) : result_(std::move(result)) {}

    TensorMemo* memo_ = nullptr;  // Null if there is a result, or the turn has ended.
    MetaTensorId id_ = 0;
    bool aside_ = false;  // Another thread is the builder; none waits for this one.
    at::Tensor result_;
  };

  // Errors: kInvalidArgument if this thread is building `id` already.
  absl::StatusOr<Turn> Enter(MetaTensorId id);

  // Returns the existing result if there is one. Otherwise stores `built` and returns it.
  at::Tensor GetOrSet(MetaTensorId id, at::Tensor built);

  // The result; undefined if there is none, or it was destroyed.
  at::Tensor Get(MetaTensorId id);

  // As Get; nullopt if there is no result and a thread is building it.
  std::optional<at::Tensor> GetUnlessBuilding(MetaTensorId id);

  void Set(MetaTensorId id, const at::Tensor& tensor);

  // The number of live results.
  std::size_t CountAlive() const { return entries_.CountAlive(); }

  // Calls `visit` for each live result, in the order of the ids, with no lock held.
  void ForEach(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit);

  void Sweep() { entries_.Sweep(); }

  // Includes dead entries that were not swept yet.
  std::size_t size() const { return entries_.size(); }
  std::int64_t lookups() const { return entries_.lookups(); }

 private:
  struct Entry {
    WeakReference<c10::TensorImpl> object;
    std::thread::id builder;  // The default id if no thread builds.

    // The result; undefined if there is none, or it was destroyed.
    at::Tensor Get() const;
    // The existing result; if there is none, stores `built` and returns an undefined tensor. `built` then holds the
    // reference that was stored before.
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

  // The number of threads that wait, or are about to check whether they must wait.
  std::atomic<int> waiters_ = 0;
  // Used by waiting threads only. Locked before an entry's lock, never after it.
  Mutex mutex_;
  CondVar ended_;
  absl::flat_hash_map<std::thread::id, MetaTensorId> waiting_for_ ABSL_GUARDED_BY(mutex_);
  // The results that threads build aside.
  absl::flat_hash_set<std::pair<std::thread::id, MetaTensorId>> aside_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_TENSOR_MEMO_H_
