#include "tests/cuda/host_runtime.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "meta/checksum.h"
#include "tests/cuda/host_memory.h"
#include "tests/cuda/host_work.h"

namespace metaconv {
namespace {

constexpr int kNever = -1;

// The first of the streams that TransferStream returns. Tests use smaller numbers.
constexpr c10::StreamId kTransferStream = 1000;

// Work, and how to run it.
struct QueuedWork : Work {
  // For a wait: the work that it waits for.
  std::optional<std::pair<StreamKey, std::uint64_t>> after = std::nullopt;
  std::function<void(const Work&)> run = nullptr;  // Null for a wait.
};

std::uint64_t Hash(const char* bytes, std::int64_t size) {
  return SumOfBytes(bytes, static_cast<std::uint64_t>(size), 0, 0, 1);
}

}  // namespace

class HostRuntime::State : public std::enable_shared_from_this<HostRuntime::State> {
 public:
  explicit State(const Options& options) : options_(options), random_(options.seed) {}

  class Event;

  void UseStream(c10::Device device, c10::StreamId id) {
    absl::MutexLock lock(&mutex_);
    current_[{std::this_thread::get_id(), device.index()}] = id;
  }
  void SetBlocked(c10::Device device, c10::StreamId id, bool is_blocked) {
    absl::MutexLock lock(&mutex_);
    streams_[{device.index(), id}].is_blocked = is_blocked;
    unblocked_.SignalAll();
  }
  void FailAfterCalls(int calls) {
    absl::MutexLock lock(&mutex_);
    failing_call_ = calls_ + calls;
  }
  int calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }
  void FailAfterWorks(int works) {
    absl::MutexLock lock(&mutex_);
    failing_work_ = works_ + works;
  }
  int works() const {
    absl::MutexLock lock(&mutex_);
    return works_;
  }
  std::vector<std::string> Drain() {
    absl::MutexLock lock(&mutex_);
    for (auto& [key, stream] : streams_) RunUntil(key, stream.begun);
    Collect();
    return memory_.findings();
  }
  Live live() const {
    absl::MutexLock lock(&mutex_);
    return live_;
  }

  absl::StatusOr<int> DeviceCount() {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("DeviceCount"); !status.ok()) return status;
    return options_.devices;
  }

  absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("MemoryInfo", device); !status.ok()) return status;
    return CudaMemoryInfo{.free_bytes = options_.memory_per_device - used_[device.index()],
                          .total_bytes = options_.memory_per_device};
  }

  absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) {
    if (!device.has_index()) device.set_index(0);
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("CurrentStream", device); !status.ok()) return status;
    return c10::Stream(c10::Stream::UNSAFE, device, current_[{std::this_thread::get_id(), device.index()}]);
  }

  absl::StatusOr<c10::Stream> TransferStream(c10::Device device) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("TransferStream", device); !status.ok()) return status;
    return c10::Stream(c10::Stream::UNSAFE, device, kTransferStream + transfer_streams_++);
  }

  absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("Allocate", stream.device(), absl::StatusCode::kResourceExhausted); !status.ok()) {
      return status;
    }
    std::int64_t& used = used_[stream.device_index()];
    if (size > options_.memory_per_device - used) return absl::ResourceExhaustedError("out of memory");
    used += size;
    ++live_.device_memories;
    char* memory = memory_.Allocate(size, KeyOf(stream), streams_[KeyOf(stream)].begun);
    struct Owner {
      std::shared_ptr<State> state;
      char* memory;
    };
    return c10::DataPtr(
        memory, new Owner{shared_from_this(), memory},
        [](void* context) {
          const std::unique_ptr<Owner> owner(static_cast<Owner*>(context));
          owner->state->FreeDeviceMemory(owner->memory);
        },
        stream.device());
  }

  absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("AllocatePinned", device, absl::StatusCode::kResourceExhausted); !status.ok()) {
      return status;
    }
    ++live_.pinned_memories;
    char* memory = memory_.AllocatePinned(size);
    return PinnedMemory(memory, [state = shared_from_this()](char* freed) { state->FreePinned(freed); });
  }

  absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("IsPinned", device); !status.ok()) return status;
    const HostMemory::Block* found = memory_.Find(static_cast<const char*>(memory), size);
    return found != nullptr && found->is_pinned && !found->freed.has_value();
  }

  absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("EnablePeerAccess", device); !status.ok()) return status;
    if (options_.peers) memory_.AllowAccess(device.index(), peer.index());
    return options_.peers;
  }

  absl::Status Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("Fill", stream.device()); !status.ok()) return status;
    Begin("Fill", stream, [=, this](const Work& work) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (Fails(work) || !memory_.Access(work, static_cast<char*>(into), size, work.stream.first, /*writes=*/true))
        return;
      std::memset(into, fill, static_cast<std::size_t>(size));
    });
    return absl::OkStatus();
  }

  absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("Copy", stream.device()); !status.ok()) return status;
    BeginCopy("Copy", static_cast<char*>(into), stream.device_index(), static_cast<const char*>(from),
              stream.device_index(), size, stream);
    return absl::OkStatus();
  }

  absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                        std::int64_t size, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("CopyPeer", stream.device()); !status.ok()) return status;
    BeginCopy("CopyPeer", static_cast<char*>(into), into_device.index(), static_cast<const char*>(from),
              from_device.index(), size, stream);
    return absl::OkStatus();
  }

  absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("LaunchSegments", stream.device()); !status.ok()) return status;
    Begin("LaunchSegments", stream, [this, table](const Work& work) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (Fails(work) || table.size == 0) return;
      const auto size = static_cast<std::int64_t>(table.size * sizeof(Segment));
      if (!memory_.Access(work, reinterpret_cast<const char*>(table.segments), size, work.stream.first,
                          /*writes=*/false)) {
        return;
      }
      RunTable(table, work);
    });
    return absl::OkStatus();
  }

  absl::Status LaunchArgumentSegments(const SegmentTable& table, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("LaunchArgumentSegments", stream.device()); !status.ok()) return status;
    if (table.size > kMaxArgumentSegments) return absl::InternalError("too many segments for kernel arguments");
    Begin("LaunchArgumentSegments", stream,
          [this, given = table, segments = std::vector<Segment>(table.segments, table.segments + table.size)](
              const Work& work) ABSL_NO_THREAD_SAFETY_ANALYSIS {
            SegmentTable copy = given;
            copy.segments = segments.data();
            if (!Fails(work)) RunTable(copy, work);
          });
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream);
  absl::Status StreamWait(c10::Stream stream, const CudaEvent& event);

  absl::Status Synchronize(c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("Synchronize", stream.device()); !status.ok()) return status;
    const Stream& of = streams_[KeyOf(stream)];
    return WaitFor(KeyOf(stream), of.begun, of.clock, /*forget_errors=*/true);
  }

 private:
  struct Stream {
    std::deque<QueuedWork> queue;
    std::uint64_t begun = 0;
    std::uint64_t done = 0;
    Clock clock;  // The work that precedes the next piece of work.
    bool is_blocked = false;
  };
  struct LateError {
    StreamKey stream;
    std::uint64_t number;
    absl::Status status;
  };

  // ---- calls

  absl::Status Call(std::string_view name, std::optional<c10::Device> device = std::nullopt,
                    absl::StatusCode code = absl::StatusCode::kInternal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (calls_++ == failing_call_) return absl::Status(code, absl::StrCat("injected failure of ", std::string(name)));
    if (device.has_value() && (!device->is_cuda() || device->index() < 0 || device->index() >= options_.devices)) {
      return absl::NotFoundError(absl::StrCat(device->str(), ": no such device; there are ", options_.devices));
    }
    if (options_.seed != 0) {
      for (std::uint64_t steps = random_() % 4; steps > 0; --steps) RunAny();
    }
    return absl::OkStatus();
  }

  // ---- memory

  void FreeDeviceMemory(char* freed) {
    absl::MutexLock lock(&mutex_);
    const HostMemory::Block& block = memory_.Get(freed);
    used_[block.device] -= block.size;
    --live_.device_memories;
    // Like a caching allocator: the next owner uses the memory in the order of the owner's stream.
    Clock known = host_;
    Merge(streams_[block.owner].clock, known);
    memory_.Free(freed, std::move(known));
    Collect();
  }

  void FreePinned(char* freed) {
    absl::MutexLock lock(&mutex_);
    --live_.pinned_memories;
    memory_.Free(freed, host_);
    Collect();
  }

  void Collect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& [key, stream] : streams_) {
      if (!stream.queue.empty()) return;
    }
    memory_.RemoveFreed();
  }

  // ---- work

  void Begin(std::string name, c10::Stream on, std::function<void(const Work&)> run)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    QueuedWork work;
    work.name = std::move(name);
    work.run = std::move(run);
    Enqueue(on, std::move(work));
  }

  void Enqueue(c10::Stream on, QueuedWork work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Stream& stream = streams_[KeyOf(on)];
    work.stream = KeyOf(on);
    work.number = ++stream.begun;
    Merge(host_, stream.clock);
    stream.clock[work.stream] = work.number;
    work.clock = stream.clock;
    stream.queue.push_back(std::move(work));
  }

  void BeginCopy(std::string name, char* into, c10::DeviceIndex into_device, const char* from,
                 c10::DeviceIndex from_device, std::int64_t size, c10::Stream stream)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    HostMemory::Block* source = memory_.Find(from, size);
    HostMemory::Block* target = memory_.Find(into, size);
    std::optional<std::uint64_t> hash;
    if (source != nullptr && source->is_pinned) {
      if (source->pending_writes == 0) hash = Hash(from, size);
      ++source->pending;
    }
    if (target != nullptr && target->is_pinned) {
      // The bytes that the host sees before the copy is done.
      if (target->pending == 0) std::memset(into, HostMemory::kUnwritten, static_cast<std::size_t>(size));
      ++target->pending;
      ++target->pending_writes;
    }
    // No work is discarded, and freed memory is kept while there is pending work, so both exist when the work runs.
    Begin(std::move(name), stream, [=, this](const Work& work) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (source != nullptr && source->is_pinned) --source->pending;
      if (target != nullptr && target->is_pinned) {
        --target->pending;
        --target->pending_writes;
      }
      if (Fails(work)) return;
      const bool can_read = memory_.Access(work, from, size, from_device, /*writes=*/false);
      const bool can_write = memory_.Access(work, into, size, into_device, /*writes=*/true);
      if (!can_read || !can_write) return;
      if (hash.has_value() && *hash != Hash(from, size)) {
        memory_.Report(absl::StrCat(work.name, " on ", Name(work.stream),
                                    ": the host changed pinned memory before it was copied"));
      }
      std::memmove(into, from, static_cast<std::size_t>(size));
    });
  }

  void RunTable(const SegmentTable& table, const Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const c10::DeviceIndex device = work.stream.first;
    std::vector<Segment> segments(table.segments, table.segments + table.size);
    const std::uint64_t chunks = CountChunks(segments);
    bool is_sound = chunks == table.chunks;
    std::vector<std::pair<const char*, const char*>> written;
    for (std::uint64_t i = 0; i < table.size; ++i) {
      const Segment& segment = segments[i];
      is_sound &= segment.first_chunk == table.segments[i].first_chunk;
      if (segment.size == 0) continue;
      const auto size = static_cast<std::int64_t>(segment.size);
      if (table.work != SegmentWork::kFill && !memory_.Access(work, segment.from, size, device, /*writes=*/false))
        return;
      const std::int64_t into_size = table.work == SegmentWork::kChecksum ? 8 : size;
      if (!memory_.Access(work, segment.into, into_size, device, /*writes=*/true)) return;
      written.push_back({segment.into, segment.into + into_size});
    }
    if (!is_sound)
      return memory_.Report(absl::StrCat(work.name, " on ", Name(work.stream), ": the table contradicts itself"));
    std::sort(written.begin(), written.end());
    for (std::size_t i = 1; i < written.size(); ++i) {
      if (written[i].first < written[i - 1].second) {
        memory_.Report(absl::StrCat(work.name, " on ", Name(work.stream), " writes the same bytes twice"));
      }
    }
    constexpr std::uint64_t kBlocks = 3;
    constexpr std::uint32_t kThreads = 5;
    for (std::uint64_t block = 0; block < kBlocks; ++block) {
      for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
        RunSegments(table, {block, kBlocks, thread, kThreads},
                    [](std::uint64_t* sum, std::uint64_t term) { *sum += term; });
      }
    }
  }

  // Whether `work` fails or follows failed work: a device runs no further work until the error was reported.
  bool Fails(const Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const LateError& error : errors_) {
      if (At(work.clock, error.stream) >= error.number) return true;
    }
    if (works_++ != failing_work_) return false;
    errors_.push_back(
        {work.stream, work.number, absl::InternalError(absl::StrCat("injected late failure of ", work.name))});
    return true;
  }

  // ---- when work is done

  bool CanRun(const Stream& stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (stream.queue.empty() || stream.is_blocked) return false;
    const auto& after = stream.queue.front().after;
    return !after.has_value() || streams_[after->first].done >= after->second;
  }

  void RunFirst(Stream& stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const QueuedWork work = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (work.run != nullptr) work.run(work);
    stream.done = work.number;
  }

  // Runs one piece of work of any stream that has pending work. Returns whether there was one.
  bool RunAny() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Stream*> ready;
    for (auto& [key, stream] : streams_) {
      if (CanRun(stream)) ready.push_back(&stream);
    }
    if (ready.empty()) return false;
    RunFirst(*ready[random_() % ready.size()]);
    return true;
  }

  // The stream that has to run next so that stream `key` can: the stream itself, or one that it waits for. The work that
  // it waits for was enqueued before it, so the recursion terminates.
  Stream& NextOf(const StreamKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Stream& stream = streams_[key];
    if (stream.is_blocked || CanRun(stream)) return stream;
    return NextOf(stream.queue.front().after->first);
  }

  // Runs a piece of work that the pending work of stream `key` needs. Returns false if a blocked stream prevents that.
  bool RunTowards(const StreamKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (options_.seed != 0) return RunAny();
    Stream& next = NextOf(key);
    if (next.is_blocked) return false;
    RunFirst(next);
    return true;
  }

  void RunUntil(const StreamKey& key, std::uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Stream& stream = streams_[key];
    while (stream.done < number) {
      if (!RunTowards(key)) unblocked_.Wait(&mutex_);
    }
  }

  // Whether work `number` of stream `key` is done. If `can_run`, runs the work before it first, up to a blocked stream.
  bool IsDone(const StreamKey& key, std::uint64_t number, bool can_run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Stream& stream = streams_[key];
    while (can_run && stream.done < number) {
      if (!RunTowards(key)) break;
    }
    return stream.done >= number;
  }

  absl::Status WaitFor(const StreamKey& key, std::uint64_t number, Clock clock, bool forget_errors)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    RunUntil(key, number);
    return Done(clock, forget_errors);
  }

  // The host knows that all work of `clock` is done. Returns the errors of that work.
  absl::Status Done(const Clock& clock, bool forget_errors) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Merge(clock, host_);
    Collect();
    absl::Status status;
    for (auto it = errors_.begin(); it != errors_.end();) {
      if (At(clock, it->stream) < it->number) {
        ++it;
        continue;
      }
      status.Update(it->status);
      it = forget_errors ? errors_.erase(it) : it + 1;
    }
    return status;
  }

  const Options options_;
  mutable absl::Mutex mutex_;
  absl::CondVar unblocked_;  // A stream was unblocked.
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int failing_call_ ABSL_GUARDED_BY(mutex_) = kNever;
  int works_ ABSL_GUARDED_BY(mutex_) = 0;
  int failing_work_ ABSL_GUARDED_BY(mutex_) = kNever;
  std::map<std::pair<std::thread::id, c10::DeviceIndex>, c10::StreamId> current_ ABSL_GUARDED_BY(mutex_);
  c10::StreamId transfer_streams_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<c10::DeviceIndex, std::int64_t> used_ ABSL_GUARDED_BY(mutex_);
  HostMemory memory_ ABSL_GUARDED_BY(mutex_);
  std::map<StreamKey, Stream> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<LateError> errors_ ABSL_GUARDED_BY(mutex_);
  Clock host_ ABSL_GUARDED_BY(mutex_);  // The work that the host has waited for.
  Live live_ ABSL_GUARDED_BY(mutex_);
};

class HostRuntime::State::Event final : public CudaEvent {
 public:
  Event(std::shared_ptr<State> state, StreamKey stream, std::uint64_t number, Clock clock)
      : state_(std::move(state)), stream_(stream), number_(number), clock_(std::move(clock)) {}
  ~Event() override {
    absl::MutexLock lock(&state_->mutex_);
    --state_->live_.events;
  }

  absl::Status Wait() override {
    absl::MutexLock lock(&state_->mutex_);
    if (absl::Status status = state_->Call("Wait"); !status.ok()) return status;
    return state_->WaitFor(stream_, number_, clock_, /*forget_errors=*/false);
  }

  absl::StatusOr<bool> IsDone() override {
    absl::MutexLock lock(&state_->mutex_);
    if (absl::Status status = state_->Call("IsDone"); !status.ok()) return status;
    const bool is_done = state_->IsDone(stream_, number_, /*can_run=*/std::exchange(was_asked_, true));
    if (!is_done) return false;
    absl::Status status = state_->Done(clock_, /*forget_errors=*/false);
    if (!status.ok()) return status;
    return true;
  }

 private:
  friend class State;
  const std::shared_ptr<State> state_;
  const StreamKey stream_;
  const std::uint64_t number_;
  const Clock clock_;
  bool was_asked_ = false;
};

absl::StatusOr<std::unique_ptr<CudaEvent>> HostRuntime::State::Record(c10::Stream stream) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = Call("Record", stream.device()); !status.ok()) return status;
  const Stream& of = streams_[KeyOf(stream)];
  ++live_.events;
  return std::make_unique<Event>(shared_from_this(), KeyOf(stream), of.begun, of.clock);
}

absl::Status HostRuntime::State::StreamWait(c10::Stream stream, const CudaEvent& event) {
  const auto& of = static_cast<const Event&>(event);
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = Call("StreamWait", stream.device()); !status.ok()) return status;
  Merge(of.clock_, streams_[KeyOf(stream)].clock);
  QueuedWork wait;
  wait.name = "StreamWait";
  wait.after = std::make_pair(of.stream_, of.number_);
  Enqueue(stream, std::move(wait));
  return absl::OkStatus();
}

HostRuntime::HostRuntime(const Options& options) : state_(std::make_shared<State>(options)) {}
HostRuntime::~HostRuntime() = default;

void HostRuntime::UseStream(c10::Device device, c10::StreamId id) { state_->UseStream(device, id); }
void HostRuntime::FailAfterCalls(int calls) { state_->FailAfterCalls(calls); }
void HostRuntime::Block(c10::Device device, c10::StreamId id) { state_->SetBlocked(device, id, true); }
void HostRuntime::Unblock(c10::Device device, c10::StreamId id) { state_->SetBlocked(device, id, false); }
int HostRuntime::calls() const { return state_->calls(); }
void HostRuntime::FailAfterWorks(int works) { state_->FailAfterWorks(works); }
int HostRuntime::works() const { return state_->works(); }
std::vector<std::string> HostRuntime::Drain() { return state_->Drain(); }
HostRuntime::Live HostRuntime::live() const { return state_->live(); }

absl::StatusOr<int> HostRuntime::DeviceCount() { return state_->DeviceCount(); }
absl::StatusOr<CudaMemoryInfo> HostRuntime::MemoryInfo(c10::Device device) { return state_->MemoryInfo(device); }
absl::StatusOr<c10::Stream> HostRuntime::CurrentStream(c10::Device device) { return state_->CurrentStream(device); }
absl::StatusOr<c10::Stream> HostRuntime::TransferStream(c10::Device device) { return state_->TransferStream(device); }
absl::StatusOr<c10::DataPtr> HostRuntime::Allocate(c10::Stream stream, std::int64_t size) {
  return state_->Allocate(stream, size);
}
absl::StatusOr<PinnedMemory> HostRuntime::AllocatePinned(c10::Device device, std::int64_t size) {
  return state_->AllocatePinned(device, size);
}
absl::StatusOr<bool> HostRuntime::IsPinned(const void* memory, std::int64_t size, c10::Device device) {
  return state_->IsPinned(memory, size, device);
}
absl::StatusOr<bool> HostRuntime::EnablePeerAccess(c10::Device device, c10::Device peer) {
  return state_->EnablePeerAccess(device, peer);
}
absl::Status HostRuntime::Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) {
  return state_->Fill(into, fill, size, stream);
}
absl::Status HostRuntime::Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) {
  return state_->Copy(into, from, size, stream);
}
absl::Status HostRuntime::CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                                   std::int64_t size, c10::Stream stream) {
  return state_->CopyPeer(into, into_device, from, from_device, size, stream);
}
absl::Status HostRuntime::LaunchSegments(const SegmentTable& table, c10::Stream stream) {
  return state_->LaunchSegments(table, stream);
}
absl::Status HostRuntime::LaunchArgumentSegments(const SegmentTable& table, c10::Stream stream) {
  return state_->LaunchArgumentSegments(table, stream);
}
absl::StatusOr<std::unique_ptr<CudaEvent>> HostRuntime::Record(c10::Stream stream) { return state_->Record(stream); }
absl::Status HostRuntime::StreamWait(c10::Stream stream, const CudaEvent& event) {
  return state_->StreamWait(stream, event);
}
absl::Status HostRuntime::Synchronize(c10::Stream stream) { return state_->Synchronize(stream); }

}  // namespace metaconv
