#include "cuda/transfer/segment_launcher.h"

#include <cstddef>
#include <cstring>

#include "cuda/runtime/device_memory.h"

namespace metaconv {

absl::Status SegmentLauncher::Copy(c10::Stream stream, absl::Span<const Segment> segments) {
  return Start(stream, segments, {.work = SegmentWork::kCopy}, [&](const Segment& segment) {
    return runtime_.Copy(segment.into, segment.from, static_cast<std::int64_t>(segment.size), stream);
  });
}

absl::Status SegmentLauncher::Fill(c10::Stream stream, absl::Span<const Segment> segments, unsigned char fill) {
  return Start(stream, segments, {.work = SegmentWork::kFill, .fill = fill}, [&](const Segment& segment) {
    return runtime_.Fill(segment.into, fill, static_cast<std::int64_t>(segment.size), stream);
  });
}

absl::Status SegmentLauncher::Start(c10::Stream stream, absl::Span<const Segment> segments, SegmentTable table,
                                    absl::FunctionRef<absl::Status(const Segment&)> start_one) {
  std::vector<Segment> small;
  small.reserve(segments.size());
  for (const Segment& segment : segments) {
    if (segment.size == 0) continue;
    if (segment.size < kLargeSegment) {
      small.push_back(segment);
    } else if (absl::Status status = start_one(segment); !status.ok()) {
      return status;
    }
  }
  return small.size() == 1 ? start_one(small.front()) : Launch(stream, absl::MakeSpan(small), table);
}

absl::Status SegmentLauncher::Launch(c10::Stream stream, absl::Span<Segment> segments, SegmentTable table) {
  for (std::size_t begin = 0; begin < segments.size(); begin += kMaxArgumentSegments) {
    const absl::Span<Segment> part = segments.subspan(begin, kMaxArgumentSegments);
    table.segments = part.data();
    table.size = part.size();
    table.chunks = CountChunks(part);
    if (absl::Status status = runtime_.LaunchArgumentSegments(table, stream); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::uint64_t>> SegmentLauncher::Sums(c10::Stream stream,
                                                                 absl::Span<const Segment> segments) {
  std::vector<std::uint64_t> sums(segments.size());
  const std::size_t size = sums.size() * sizeof(std::uint64_t);
  if (size == 0) return sums;
  absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, static_cast<std::int64_t>(size));
  if (!memory.ok()) return memory.status();
  char* const results = static_cast<char*>(memory->get());
  std::vector<Segment> table;
  table.reserve(segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].size == 0) continue;
    table.push_back({.from = segments[i].from, .into = results + i * sizeof(std::uint64_t), .size = segments[i].size});
  }
  absl::Status status = runtime_.Fill(results, 0, static_cast<std::int64_t>(size), stream);
  if (status.ok()) status = Launch(stream, absl::MakeSpan(table), {.work = SegmentWork::kChecksum});
  if (status.ok()) status = Download(stream, results, {reinterpret_cast<char*>(sums.data()), size});
  if (!status.ok()) return status;
  return sums;
}

absl::Status SegmentLauncher::Download(c10::Stream stream, const char* from, absl::Span<char> into) {
  const auto buffer_size = static_cast<std::size_t>(ring_.buffer_size());
  for (std::size_t begin = 0; begin < into.size(); begin += buffer_size) {
    const absl::Span<char> part = into.subspan(begin, buffer_size);
    absl::StatusOr<PinnedRing::Lease> lease = ring_.Acquire(stream.device());
    if (!lease.ok()) return lease.status();
    lease->UseOn(stream);
    absl::Status status = runtime_.Copy(lease->data(), from + begin, static_cast<std::int64_t>(part.size()), stream);
    if (status.ok()) status = lease->Wait();
    if (!status.ok()) return status;
    std::memcpy(part.data(), lease->data(), part.size());
  }
  return absl::OkStatus();
}

}  // namespace metaconv
