// SegmentLauncher: work on many runs of bytes of one device, in one launch: the table goes through the ring of pinned
// buffers, and one that is too large for a buffer takes several launches.
//
// Example:
//   SegmentLauncher launcher(runtime, ring);
//   absl::Status status = launcher.Fill(stream, {{.into = data, .size = size}}, 0);
//
// Whatever was begun before an error may still be going on on the stream.
//
// Thread safety: Thread-safe.
// Lifetime: the runtime and the ring outlive it. What the segments name stays until the stream's work is done.

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

  // `from` to `into` of each.
  absl::Status Copy(c10::Stream stream, absl::Span<const Segment> segments);

  // `fill` to each byte of each `into`.
  absl::Status Fill(c10::Stream stream, absl::Span<const Segment> segments, unsigned char fill);

  // The sum of ChecksumTerm over each `from`. Waits for the result.
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
