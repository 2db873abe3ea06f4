// StoragePath: the interface for storages on one type of device: allocating, filling, copying and loading bytes. Used
// by Materialize and by conversions that copy data.
//
// Each call processes many storages, since a model has thousands and many are small. They may be on several devices of
// the path's type. The implementation for the CPU is in this folder; linking `//cuda` registers the one for CUDA.
//
// To create tensors, use materialize.h, which allocates and fills their storages.
//
// Example:
//   absl::StatusOr<StoragePath*> path = StoragePathFor(device);
//   absl::StatusOr<c10::Storage> storage = (*path)->Allocate(device, /*size_bytes=*/4096);
//   absl::Status status = (*path)->Load({{.into = *storage, .id = 7, .read = read_from_file}});
//
// On devices with streams all work is ordered by the caller's current stream: results may be used on that stream at
// once, and elsewhere after Wait. A call that fails waits for all work that it started, so that its arguments may be
// freed.
//
// Errors of all calls: kNotFound for a device that does not exist; kResourceExhausted if memory runs out, with the
// device, the requested bytes and the free bytes; kFailedPrecondition if there is no driver that fits, and for a stream
// that captures a graph; kUnavailable for a device that is busy or not ready; kInternal for a copy or a kernel launch
// that the device reports as failed, with the storage's id. If the message has "context lost", the fault ended all work
// and memory of the device in this process: its storages must not be used any more, and further calls for it fail.
//
// Thread safety: Thread-safe. Calls for the same storage must be ordered by the streams of the calling threads.
// Lifetime: paths live until the process ends. Storages are independent of their path.

#ifndef METACONV_CONVERTER_STORAGE_PATH_H_
#define METACONV_CONVERTER_STORAGE_PATH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

// Writes the bytes of one storage, from `offset` on, to all of `into`.
using ReadBytes = std::function<absl::Status(std::int64_t offset, absl::Span<char> into)>;

// A place in an open file.
struct FilePlace {
  int descriptor = -1;  // Must stay open until the load has returned.
  std::int64_t offset = 0;
};

struct StorageLoad {
  c10::Storage into;     // All of its bytes are loaded.
  MetaStorageId id = 0;  // For error messages.
  // Called from several threads at once, with offsets that are multiples of kLoadAlignment.
  ReadBytes read;
  // Call `read` sequentially for this storage, each time with the offset at which the previous call ended.
  bool in_order = false;
  // Where the bytes of the storage begin, if they are in a file exactly as `read` returns them. They may then be read
  // from the file instead, in other ways than `read` does.
  std::optional<FilePlace> file = std::nullopt;
};

struct LoadControl {
  // If set, called after each part with the bytes loaded so far and in all. Calls do not overlap, may come from any
  // thread of the load, and delay that thread; `done` increases, and the last call of a successful load has
  // `done == total`. Not called if there are no bytes to load. If it throws, the load fails.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  // Stops the load at its next part: it then returns kCancelled.
  std::stop_token stop = {};
};

// Copies all bytes of `from` to `into`, which must have the same size. See StoragePath::Copy for their devices.
struct StorageCopy {
  c10::Storage from;
  c10::Storage into;
  MetaStorageId id = 0;  // For error messages.
};

class StoragePath {
 public:
  // A multiple of every element size.
  static constexpr std::int64_t kLoadAlignment = 64;

  virtual ~StoragePath() = default;

  // Checks that `size_bytes` are available in total. For devices on which allocating more than that succeeds; called
  // before many allocations.
  virtual absl::Status CheckRoom(c10::Device, std::int64_t /*size_bytes*/) { return absl::OkStatus(); }

  // An uninitialized storage of `size_bytes` bytes. A storage of 0 bytes may have a null pointer.
  virtual absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) = 0;

  // Appends a storage for each of `sizes`, in order. After an error `storages` has the storages before the one that
  // failed. The default calls Allocate for each; an implementation may place storages that are allocated together more
  // efficiently.
  virtual absl::Status AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                                   std::vector<c10::Storage>& storages);

  // Sets all bytes to zero.
  virtual absl::Status Zero(absl::Span<const c10::Storage> storages) = 0;

  // One storage of each copy must be on this path's type of device. The other one may be on the same device, on another
  // device of the type or on the CPU. Copies run in any order, so no copy may write bytes that it or another copy of the
  // call reads or writes. Errors: kInvalidArgument if one does, with the ids of both copies; nothing was started then.
  virtual absl::Status Copy(absl::Span<const StorageCopy> copies) = 0;

  // Reads in the given order, as far as several threads allow it. Returns errors of `read` unchanged; the first error
  // ends the call.
  virtual absl::Status Load(absl::Span<const StorageLoad> loads, const LoadControl& control) = 0;
  absl::Status Load(absl::Span<const StorageLoad> loads) { return Load(loads, {}); }

  // A checksum of each storage, equal for equal bytes on every device. It detects accidental corruption; it is not
  // cryptographic. Waits for the results.
  virtual absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) = 0;

  // Waits until all work on the caller's current stream of `device` is done. Errors: also those of that work.
  virtual absl::Status Wait(c10::Device device) = 0;
};

// The path for `device`. Errors: kUnimplemented if none is linked for its type; the message names the target to link.
absl::StatusOr<StoragePath*> StoragePathFor(c10::Device device);

// Registers `path` for `type`, unless one is registered already. Implementations call this from a static initializer.
// Returns whether `path` was registered.
bool RegisterStoragePath(c10::DeviceType type, std::unique_ptr<StoragePath> path);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STORAGE_PATH_H_
