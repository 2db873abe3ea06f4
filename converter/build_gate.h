// BuildGate: for each id one thread builds, and the others that want it wait for its result.
//
// Example:
//   absl::StatusOr<BuildGate::Turn> turn = gate.Enter(id);
//   if (!turn.ok()) return turn.status();
//   if (turn->result().defined()) return turn->result();    // Somebody else built it while we waited.
//   … build …
//   turn->Finish(tensor);                                   // Not called on failure: the next in line then builds.
//
// Ids that wait for each other in a circle would wait for ever; the thread that would close the circle gets an error
// instead. That takes records that contain themselves by way of their ids.
//
// Thread safety: Thread-safe. No lock is held while a turn is.
// Lifetime: turns must end before the gate does, each on the thread that it was given to.

#ifndef METACONV_CONVERTER_BUILD_GATE_H_
#define METACONV_CONVERTER_BUILD_GATE_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "meta/meta_storage_desc.h"

#include "ATen/core/Tensor.h"

namespace metaconv {

class BuildGate {
 public:
  class Turn {
   public:
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    // What another thread built meanwhile; undefined if this thread is to build.
    const at::Tensor& result() const { return result_; }

    // Gives those who wait the result.
    void Finish(const at::Tensor& result);

   private:
    friend class BuildGate;
    Turn(BuildGate* gate, MetaTensorId id) : gate_(gate), id_(id) {}
    explicit Turn(at::Tensor result) : result_(std::move(result)) {}

    BuildGate* gate_ = nullptr;  // Null once there is nothing to hand on.
    MetaTensorId id_ = 0;
    at::Tensor result_;
  };

  // Errors: kInvalidArgument if the thread, by building `id`, would wait for itself.
  absl::StatusOr<Turn> Enter(MetaTensorId id);

 private:
  // One build under way. Kept by those who wait, so that it outlives its place in the table.
  struct Build {
    std::thread::id builder;
    bool done = false;
    at::Tensor result;
  };

  bool WouldWaitForItself(MetaTensorId id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(MetaTensorId id, const at::Tensor& result);

  std::mutex mutex_;
  std::condition_variable ended_;
  absl::flat_hash_map<MetaTensorId, std::shared_ptr<Build>> builds_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::thread::id, MetaTensorId> waiting_for_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_BUILD_GATE_H_
