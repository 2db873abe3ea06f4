// SegmentLauncher: processes many byte ranges on one device with one kernel launch. The segment table is transferred
// through the ring of pinned buffers; a table that exceeds a buffer takes several launches.
//
// Example:
//   SegmentLauncher launcher(runtime, ring);
//   absl::Status status = launcher.Fill(stream, {{.into = data, .size = size}}, 0);
//
// After an error, work that was started before may still run on the stream.
//
// Thread safety: Thread-safe.
// Lifetime: the runtime and the ring must outlive it. The memory of the segments must exist until the stream's work is
// done.

#ifndef METACONV_CUDA_SEGMENT_LAUNCHER_H_
#define METACONV_CUDA_SEGMENT_LAUNCHER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Stream.h"
#include "cuda/pinned_ring.h"
#include "cuda/runtime.h"
#include "cuda/segments.h"

namespace metaconv {

class SegmentLauncher {
 public:
  SegmentLauncher(CudaRuntime& runtime, PinnedRing& ring) : runtime_(runtime), ring_(ring) {}

  // Copies `from` to `into` for each segment.
  absl::Status Copy(c10::Stream stream, absl::Span<const Segment> segments);

  // Sets each byte of each `into` to `fill`.
  absl::Status Fill(c10::Stream stream, absl::Span<const Segment> segments, unsigned char fill);

  // The sum of ChecksumTerm over each `from`. Waits for the results.
  absl::StatusOr<std::vector<std::uint64_t>> Sums(c10::Stream stream, absl::Span<const Segment> segments);

 private:
  absl::Status Launch(c10::Stream stream, absl::Span<const Segment> segments, SegmentTable table);
  absl::Status Sum(c10::Stream stream, absl::Span<const Segment> segments, absl::Span<std::uint64_t> sums);
  std::size_t MostSegments() const;

  CudaRuntime& runtime_;
  PinnedRing& ring_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_SEGMENT_LAUNCHER_H_
