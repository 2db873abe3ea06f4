// SegmentLauncher: processes many byte ranges on one device with few kernel launches. The segments are passed as kernel
// arguments, at most kMaxArgumentSegments to a launch, so that copies and fills need neither a buffer nor device memory
// and never wait for the device. A single segment, and each large one, is left to CUDA's own copy and fill.
//
// Example:
//   SegmentLauncher launcher(runtime, ring);
//   absl::Status status = launcher.Fill(stream, {{.into = data, .size = size}}, 0);
//
// Segments of one call may run in any order. After an error, work that was started before may still run on the stream.
//
// Thread safety: Thread-safe.
// Lifetime: the runtime and the ring must outlive it. The memory of the segments must exist until the stream's work is
// done.

#ifndef METACONV_CUDA_TRANSFER_SEGMENT_LAUNCHER_H_
#define METACONV_CUDA_TRANSFER_SEGMENT_LAUNCHER_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/pinned_ring.h"

namespace metaconv {

class SegmentLauncher {
 public:
  // Segments of this size and more are large. A device takes several microseconds for one: longer than the host takes
  // to start it.
  static constexpr std::uint64_t kLargeSegment = std::uint64_t{16} << 20;

  SegmentLauncher(CudaRuntime& runtime, PinnedRing& ring) : runtime_(runtime), ring_(ring) {}

  // Copies `from` to `into` for each segment.
  absl::Status Copy(c10::Stream stream, absl::Span<const Segment> segments);

  // Sets each byte of each `into` to `fill`.
  absl::Status Fill(c10::Stream stream, absl::Span<const Segment> segments, unsigned char fill);

  // The sum of ChecksumTerm over each `from`. Waits for the results.
  absl::StatusOr<std::vector<std::uint64_t>> Sums(c10::Stream stream, absl::Span<const Segment> segments);

 private:
  // `start_one` starts the work of one segment without the kernel.
  absl::Status Start(c10::Stream stream, absl::Span<const Segment> segments, SegmentTable table,
                     absl::FunctionRef<absl::Status(const Segment&)> start_one);
  absl::Status Launch(c10::Stream stream, absl::Span<Segment> segments, SegmentTable table);
  absl::Status Download(c10::Stream stream, const char* from, absl::Span<char> into);

  CudaRuntime& runtime_;
  PinnedRing& ring_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_SEGMENT_LAUNCHER_H_
