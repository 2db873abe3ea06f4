// StoragePath: bytes on one type of device, for whoever makes real storages: allocating, filling, copying, loading.
//
// A path works on many storages in one call, since a model has thousands and many are tiny. The path for the CPU is here;
// the one for CUDA is registered by linking `//cuda`.
//
// Example:
//   absl::StatusOr<StoragePath*> path = StoragePathFor(device);
//   absl::StatusOr<c10::Storage> storage = (*path)->Allocate(device, /*size_bytes=*/4096);
//   absl::Status status = (*path)->Load({{.into = *storage, .id = 7, .read = read_from_file}});
//
// On devices with streams all work goes to the caller's current stream: results may be used there at once, elsewhere after
// Wait. A call that fails has waited for whatever it began, so that what it was given may be freed.
//
// Errors of all calls: kNotFound for a device that is not there; kResourceExhausted when memory runs out, with the
// device, the bytes wanted and the bytes free; kInternal for a copy or launch that the device reports as failed, with the
// storage's id; kFailedPrecondition without a driver.
//
// Thread safety: Thread-safe; on the same storage as the threads' streams order it.
// Lifetime: paths live as long as the process. Storages are independent of their path.

#ifndef METACONV_CONVERTER_STORAGE_PATH_H_
#define METACONV_CONVERTER_STORAGE_PATH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

// Writes the bytes of one storage from `offset` on into the whole of `into`.
using ReadBytes = std::function<absl::Status(std::int64_t offset, absl::Span<char> into)>;

struct StorageLoad {
  c10::Storage into;     // All of its bytes are loaded.
  MetaStorageId id = 0;  // For messages.
  // Called from several threads at once, with offsets that are multiples of kLoadAlignment.
  ReadBytes read;
  // Calls of `read` for this storage come one after the other, each with the offset at which the last one ended.
  bool in_order = false;
};

// The bytes of all of `from` to `into`, which has as many. One of the two may be on the CPU.
struct StorageCopy {
  c10::Storage from;
  c10::Storage into;
  MetaStorageId id = 0;  // For messages.
};

class StoragePath {
 public:
  // A multiple of the size of any element.
  static constexpr std::int64_t kLoadAlignment = 64;

  virtual ~StoragePath() = default;

  // Whether storages of `size_bytes` in all can be had, where an allocation does not tell: before the first of many.
  virtual absl::Status CheckRoom(c10::Device, std::int64_t /*size_bytes*/) { return absl::OkStatus(); }

  // A storage with `size_bytes` bytes of no particular value. One of no bytes may have no address.
  virtual absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) = 0;

  // Appends a storage for each of `sizes`, in order. After an error `storages` has those before the one that failed. A path
  // may place storages that are allocated together better than one by one.
  virtual absl::Status AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                                   std::vector<c10::Storage>& storages);

  // Sets all bytes to zero.
  virtual absl::Status Zero(absl::Span<const c10::Storage> storages) = 0;

  // `into` or `from` of each is on this path's type of device; the other one too, perhaps another device of it, or on
  // the CPU.
  virtual absl::Status Copy(absl::Span<const StorageCopy> copies) = 0;

  // Reads in the order given, as far as that is possible with several threads. Errors: also those of `read`, as they
  // are; the first one ends the call.
  virtual absl::Status Load(absl::Span<const StorageLoad> loads) = 0;

  // A number for the bytes of each storage, the same for the same bytes on every device. For finding damage, not for
  // hiding it. Waits for the result.
  virtual absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) = 0;

  // Until all that was begun on the caller's current stream of `device` is done. Errors: also those of that work.
  virtual absl::Status Wait(c10::Device device) = 0;
};

// The path for `device`. Errors: kUnimplemented if none is linked for its type, with the target that brings it.
absl::StatusOr<StoragePath*> StoragePathFor(c10::Device device);

// Makes `path` the one for `type`; the first one stays. For paths that are linked in, from a static initializer.
// Returns whether it is the one.
bool RegisterStoragePath(c10::DeviceType type, std::unique_ptr<StoragePath> path);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STORAGE_PATH_H_
