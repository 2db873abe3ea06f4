// TensorMemo: id -> result, held weakly, where for each id one thread builds and the others that want it wait.
//
// Example:
//   absl::StatusOr<TensorMemo::Turn> turn = memo.Enter(id);
//   if (!turn.ok()) return turn.status();
//   if (turn->result().defined()) return turn->result();    // It is there already, or somebody else has built it.
//   … build …
//   turn->Finish(tensor);                                   // Not called on failure: the next in line then builds.
//
// Ids that wait for each other in a circle would wait for ever; the thread that would close the circle gets an error
// instead. That takes records that contain themselves by way of their ids.
//
// Thread safety: Thread-safe. No lock is held while a turn is.
// Lifetime: keeps no tensor alive. Turns must end before the memo does, each on the thread that it was given to.

#ifndef METACONV_CONVERTER_TENSOR_MEMO_H_
#define METACONV_CONVERTER_TENSOR_MEMO_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "c10/core/TensorImpl.h"
#include "c10/core/UndefinedTensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "describer/sharded_weak_map.h"
#include "meta/meta_storage_desc.h"

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

    // Remembers what was built, and lets those who wait have it.
    void Finish(const at::Tensor& built);

   private:
    friend class TensorMemo;
    Turn(TensorMemo* memo, MetaTensorId id) : memo_(memo), id_(id) {}
    explicit Turn(at::Tensor result) : result_(std::move(result)) {}

    TensorMemo* memo_ = nullptr;  // Null once there is nothing to hand on.
    MetaTensorId id_ = 0;
    at::Tensor result_;
  };

  // Errors: kInvalidArgument if the thread, by building `id`, would wait for itself.
  absl::StatusOr<Turn> Enter(MetaTensorId id);

  // Undefined if there is none, or nobody holds it any more.
  at::Tensor Get(MetaTensorId id);

  void Set(MetaTensorId id, const at::Tensor& tensor);

  // Dead entries that were not swept yet included.
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::optional<c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>> object;
    std::thread::id builder;  // Of no thread, if nobody builds.
    bool awaited = false;     // Somebody waits for the builder.

    at::Tensor Lock() const;
    bool IsBuilding() const { return builder != std::thread::id(); }
    bool IsDead() const { return !IsBuilding() && (!object.has_value() || object->expired()); }
  };

  absl::StatusOr<Turn> Wait(MetaTensorId id);
  std::optional<Turn> TryEnter(MetaTensorId id, bool await);
  bool WouldWaitForItself(MetaTensorId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(MetaTensorId id, const at::Tensor* built);

  ShardedWeakMap<MetaTensorId, Entry> entries_;

  // Only for those who wait. Taken before an entry's lock, never after.
  std::mutex mutex_;
  std::condition_variable ended_;
  absl::flat_hash_map<std::thread::id, MetaTensorId> waiting_for_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_TENSOR_MEMO_H_
