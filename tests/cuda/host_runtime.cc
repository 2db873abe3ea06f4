#include "tests/cuda/host_runtime.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "converter/checksum.h"

namespace metaconv {
namespace {

// The alignments of LibTorch's caching allocator and of cudaHostAlloc.
constexpr std::size_t kAlignment = 512;
constexpr int kNever = -1;

// The stream of each device that TransferStream returns. Tests use smaller numbers.
constexpr c10::StreamId kTransferStream = 1000;

// The value of bytes that were not written.
constexpr unsigned char kUnwritten = 0xcd;

using StreamKey = std::pair<c10::DeviceIndex, c10::StreamId>;
// A vector clock: for each stream, the number of its last piece of work that is known to be finished.
using Clock = std::map<StreamKey, std::uint64_t>;

StreamKey KeyOf(c10::Stream stream) { return {stream.device_index(), stream.id()}; }

std::uint64_t At(const Clock& clock, const StreamKey& key) {
  const auto it = clock.find(key);
  return it == clock.end() ? 0 : it->second;
}

void Merge(const Clock& from, Clock& into) {
  for (const auto& [key, number] : from) {
    std::uint64_t& mine = into[key];
    mine = std::max(mine, number);
  }
}

std::string Name(const StreamKey& key) {
  return absl::StrCat("stream ", key.second, " of cuda:", static_cast<int>(key.first));
}

// A piece of work, and its order relative to the others.
struct Work {
  std::string name;
  StreamKey stream = {};
  std::uint64_t number = 0;
  Clock clock = {};  // The work that precedes it, including itself.
  // For a wait: the work that it waits for.
  std::optional<std::pair<StreamKey, std::uint64_t>> after = std::nullopt;
  std::function<void(const Work&)> run = nullptr;  // Null for a wait.
};

struct Access {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool writes = false;
  std::string name;
  StreamKey stream;
  std::uint64_t number = 0;
  Clock clock;
};

struct Memory {
  struct Free {
    void operator()(char* memory) const { ::operator delete(memory, std::align_val_t(kAlignment)); }
  };

  std::unique_ptr<char, Free> bytes;
  std::int64_t size = 0;
  c10::DeviceIndex device = 0;
  bool is_pinned = false;
  StreamKey owner;  // For device memory: the stream that it was allocated on.
  // The last work of that stream that its previous owner may have started.
  std::uint64_t owned_after = 0;
  int pending = 0;         // For pinned memory: the number of unfinished copies.
  int pending_writes = 0;  // The number of unfinished copies that write to it.
  std::vector<Access> accesses;
  std::optional<Clock> freed;  // The work that was known to be finished when it was freed.

  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(bytes.get()); }
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
    return {findings_.begin(), findings_.end()};
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
    return c10::Stream(c10::Stream::UNSAFE, device, kTransferStream);
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
    char* memory = NewMemory(size, stream.device_index(), /*is_pinned=*/false, KeyOf(stream));
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
    char* memory = NewMemory(size, device.index(), /*is_pinned=*/true, {});
    return PinnedMemory(memory, [state = shared_from_this()](char* freed) { state->FreePinned(freed); });
  }

  absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("IsPinned", device); !status.ok()) return status;
    const Memory* found = Holding(static_cast<const char*>(memory), size);
    return found != nullptr && found->is_pinned && !found->freed.has_value();
  }

  absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("EnablePeerAccess", device); !status.ok()) return status;
    if (options_.peers) peers_.insert({device.index(), peer.index()});
    return options_.peers;
  }

  absl::Status Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Call("Fill", stream.device()); !status.ok()) return status;
    Begin("Fill", stream, [=, this](const Work& work) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (Fails(work) || !Touch(work, static_cast<char*>(into), size, work.stream.first, /*writes=*/true)) return;
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
      if (!Touch(work, reinterpret_cast<const char*>(table.segments), size, work.stream.first, /*writes=*/false)) {
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
    std::deque<Work> queue;
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

  void Find(const std::string& finding) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { findings_.insert(finding); }

  // ---- memory

  char* NewMemory(std::int64_t size, c10::DeviceIndex device, bool is_pinned, StreamKey owner)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto* bytes = static_cast<char*>(::operator new(static_cast<std::size_t>(size), std::align_val_t(kAlignment)));
    std::memset(bytes, kUnwritten, static_cast<std::size_t>(size));
    Memory& memory = memories_[reinterpret_cast<std::uintptr_t>(bytes)];
    memory = Memory();
    memory.bytes.reset(bytes);
    memory.size = size;
    memory.device = device;
    memory.is_pinned = is_pinned;
    memory.owner = owner;
    if (!is_pinned) memory.owned_after = streams_[owner].begun;
    return bytes;
  }

  void FreeDeviceMemory(char* freed) {
    absl::MutexLock lock(&mutex_);
    Memory& memory = memories_.at(reinterpret_cast<std::uintptr_t>(freed));
    used_[memory.device] -= memory.size;
    --live_.device_memories;
    // Like a caching allocator: the next owner uses the memory in the order of the owner's stream.
    Clock known = host_;
    Merge(streams_[memory.owner].clock, known);
    Free(memory, std::move(known));
  }

  void FreePinned(char* freed) {
    absl::MutexLock lock(&mutex_);
    --live_.pinned_memories;
    Free(memories_.at(reinterpret_cast<std::uintptr_t>(freed)), host_);
  }

  // `known`: the work that is finished when the memory is reused. Other work that used the memory may have finished
  // only by chance.
  void Free(Memory& memory, Clock known) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const Access& access : memory.accesses) {
      if (At(known, access.stream) < access.number) FindFreed(memory, access.name, access.stream, access.writes);
    }
    memory.freed = std::move(known);
    Collect();
  }

  void FindFreed(const Memory& memory, const std::string& name, const StreamKey& stream, bool writes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Find(absl::StrCat(name, " on ", Name(stream), writes ? " writes" : " reads",
                      memory.is_pinned ? " pinned" : " device", " memory that was freed"));
  }

  // Freed memory is kept until no pending work can access it, so that such an access is detected.
  void Collect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& [key, stream] : streams_) {
      if (!stream.queue.empty()) return;
    }
    std::erase_if(memories_, [](const auto& entry) { return entry.second.freed.has_value(); });
  }

  // The memory block that contains these bytes, or null.
  Memory* Holding(const char* bytes, std::int64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes);
    auto it = memories_.upper_bound(begin);
    if (it == memories_.begin()) return nullptr;
    Memory& memory = std::prev(it)->second;
    const bool fits =
        begin + static_cast<std::uint64_t>(size) <= memory.begin() + static_cast<std::uint64_t>(memory.size);
    return fits ? &memory : nullptr;
  }

  // Records that `work` accesses these bytes. Returns whether the access is valid.
  bool Touch(const Work& work, const char* bytes, std::int64_t size, c10::DeviceIndex device, bool writes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string doing = absl::StrCat(work.name, " on ", Name(work.stream), writes ? " writes" : " reads");
    Memory* memory = Holding(bytes, size);
    if (memory == nullptr) {
      Find(absl::StrCat(doing, " outside of memory"));
      return false;
    }
    if (!memory->is_pinned && memory->device != device && !peers_.contains({device, memory->device})) {
      Find(absl::StrCat(doing, " memory of cuda:", static_cast<int>(memory->device)));
    }
    if (memory->freed.has_value() && At(*memory->freed, work.stream) < work.number) {
      FindFreed(*memory, work.name, work.stream, writes);
    }
    if (work.stream != memory->owner && At(work.clock, memory->owner) < memory->owned_after) {
      Find(absl::StrCat(doing, " device memory that earlier work on ", Name(memory->owner),
                        " may use, with no event between"));
    }
    Access access = {.begin = reinterpret_cast<std::uintptr_t>(bytes),
                     .end = reinterpret_cast<std::uintptr_t>(bytes) + static_cast<std::uint64_t>(size),
                     .writes = writes,
                     .name = work.name,
                     .stream = work.stream,
                     .number = work.number,
                     .clock = work.clock};
    for (const Access& other : memory->accesses) {
      if (other.stream == access.stream || !(other.writes || writes)) continue;
      if (other.end <= access.begin || access.end <= other.begin) continue;
      const bool is_ordered =
          At(access.clock, other.stream) >= other.number || At(other.clock, access.stream) >= access.number;
      if (!is_ordered) {
        Find(absl::StrCat(doing, " what ", other.name, " on ", Name(other.stream), other.writes ? " writes" : " reads",
                          ", with no event between"));
      }
    }
    memory->accesses.push_back(std::move(access));
    return true;
  }

  // ---- work

  void Begin(std::string name, c10::Stream on, std::function<void(const Work&)> run)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Enqueue(on, {.name = std::move(name), .run = std::move(run)});
  }

  void Enqueue(c10::Stream on, Work work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
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
    Memory* source = Holding(from, size);
    Memory* target = Holding(into, size);
    std::optional<std::uint64_t> hash;
    if (source != nullptr && source->is_pinned) {
      if (source->pending_writes == 0) hash = Hash(from, size);
      ++source->pending;
    }
    if (target != nullptr && target->is_pinned) {
      // The bytes that the host sees before the copy is done.
      if (target->pending == 0) std::memset(into, kUnwritten, static_cast<std::size_t>(size));
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
      const bool can_read = Touch(work, from, size, from_device, /*writes=*/false);
      const bool can_write = Touch(work, into, size, into_device, /*writes=*/true);
      if (!can_read || !can_write) return;
      if (hash.has_value() && *hash != Hash(from, size)) {
        Find(absl::StrCat(work.name, " on ", Name(work.stream),
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
      if (table.work != SegmentWork::kFill && !Touch(work, segment.from, size, device, /*writes=*/false)) return;
      const std::int64_t into_size = table.work == SegmentWork::kChecksum ? 8 : size;
      if (!Touch(work, segment.into, into_size, device, /*writes=*/true)) return;
      written.push_back({segment.into, segment.into + into_size});
    }
    if (!is_sound) return Find(absl::StrCat(work.name, " on ", Name(work.stream), ": the table contradicts itself"));
    std::sort(written.begin(), written.end());
    for (std::size_t i = 1; i < written.size(); ++i) {
      if (written[i].first < written[i - 1].second) {
        Find(absl::StrCat(work.name, " on ", Name(work.stream), " writes the same bytes twice"));
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
    const Work work = std::move(stream.queue.front());
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
  std::map<c10::DeviceIndex, std::int64_t> used_ ABSL_GUARDED_BY(mutex_);
  // Pairs of a device and a device whose memory it can access.
  std::set<std::pair<c10::DeviceIndex, c10::DeviceIndex>> peers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::uintptr_t, Memory> memories_ ABSL_GUARDED_BY(mutex_);
  std::map<StreamKey, Stream> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<LateError> errors_ ABSL_GUARDED_BY(mutex_);
  Clock host_ ABSL_GUARDED_BY(mutex_);  // The work that the host has waited for.
  std::set<std::string> findings_ ABSL_GUARDED_BY(mutex_);
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
  Enqueue(stream, {.name = "StreamWait", .after = std::make_pair(of.stream_, of.number_)});
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
