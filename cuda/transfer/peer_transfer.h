// PeerTransfer: copies many byte ranges from one device to another.
//
// Small ranges are copied together. If the source's device can access the target's memory, one kernel launch on the
// source's device writes them to the target directly. Otherwise they are packed: one launch gathers them in staging
// memory on the source's device, one copy takes them to staging memory on the target's, and one launch distributes them
// there.
//
// Example:
//   PeerTransfer transfer(runtime, launcher, {.small_size = 256 << 10, .staging_size = 4 << 20});
//   absl::Status status = transfer.Copy(from_stream, into_stream, {{.segment = {from, into, size}, .id = 7}});
//
// Thread safety: Thread-safe.
// Lifetime: the runtime and the launcher must outlive it. The memory of the segments must exist until the work of both
// streams is done.

#ifndef METACONV_CUDA_TRANSFER_PEER_TRANSFER_H_
#define METACONV_CUDA_TRANSFER_PEER_TRANSFER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/segment_launcher.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

struct PeerCopy {
  Segment segment;
  MetaStorageId id = 0;  // For error messages.
};

class PeerTransfer {
 public:
  struct Options {
    std::int64_t small_size;    // Smaller ranges are copied together.
    std::int64_t staging_size;  // The staging memory on each device; at least `small_size`.
  };

  PeerTransfer(CudaRuntime& runtime, SegmentLauncher& launcher, const Options& options)
      : runtime_(runtime), launcher_(launcher), options_(options) {}

  // Starts the copies, after the work that was started on both streams before. Later work on `into` finds the copied
  // bytes, and later work on `from` may change the sources. Does not wait for a device, except after an error; work that
  // was started before may still run on the streams then.
  absl::Status Copy(c10::Stream from, c10::Stream into, absl::Span<const PeerCopy> copies);

 private:
  using Copies = absl::Span<const PeerCopy>;

  absl::Status CopyDirectly(c10::Stream from, c10::Stream into, Copies small, Copies large);
  absl::Status CopyPacked(c10::Stream from, c10::Stream into, Copies small);
  absl::Status CopyBatch(c10::Stream from, c10::Stream into, Copies batch, std::int64_t packed_size);
  absl::Status Order(c10::Stream first, c10::Stream second);

  CudaRuntime& runtime_;
  SegmentLauncher& launcher_;
  const Options options_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_PEER_TRANSFER_H_
