#include "cuda/segment_launcher.h"

#include <cstring>
#include <utility>

#include "cuda/device_memory.h"

namespace metaconv {
namespace {

// The size in the buffer of a segment and of its checksum.
constexpr std::int64_t kBytesPerSegment = sizeof(Segment) + sizeof(std::uint64_t);

// The segments with a size above 0.
std::vector<Segment> NotEmpty(absl::Span<const Segment> segments) {
  std::vector<Segment> result;
  result.reserve(segments.size());
  for (const Segment& segment : segments) {
    if (segment.size > 0) result.push_back(segment);
  }
  return result;
}

}  // namespace

absl::Status SegmentLauncher::Copy(c10::Stream stream, absl::Span<const Segment> segments) {
  return Launch(stream, segments, {.work = SegmentWork::kCopy});
}

absl::Status SegmentLauncher::Fill(c10::Stream stream, absl::Span<const Segment> segments, unsigned char fill) {
  return Launch(stream, segments, {.work = SegmentWork::kFill, .fill = fill});
}

absl::StatusOr<std::vector<std::uint64_t>> SegmentLauncher::Sums(c10::Stream stream,
                                                                 absl::Span<const Segment> segments) {
  std::vector<std::uint64_t> sums(segments.size());
  for (std::size_t begin = 0; begin < segments.size(); begin += MostSegments()) {
    absl::Status status =
        Sum(stream, segments.subspan(begin, MostSegments()), absl::MakeSpan(sums).subspan(begin, MostSegments()));
    if (!status.ok()) return status;
  }
  return sums;
}

std::size_t SegmentLauncher::MostSegments() const {
  return static_cast<std::size_t>(ring_.buffer_size() / kBytesPerSegment);
}

absl::Status SegmentLauncher::Launch(c10::Stream stream, absl::Span<const Segment> segments, SegmentTable table) {
  std::vector<Segment> all = NotEmpty(segments);
  for (std::size_t begin = 0; begin < all.size(); begin += MostSegments()) {
    const absl::Span<Segment> part = absl::MakeSpan(all).subspan(begin, MostSegments());
    const auto size = static_cast<std::int64_t>(part.size() * sizeof(Segment));
    absl::StatusOr<PinnedRing::Lease> lease = ring_.Acquire(stream.device());
    if (!lease.ok()) return lease.status();
    absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, size);
    if (!memory.ok()) return memory.status();

    table.segments = static_cast<const Segment*>(memory->get());
    table.size = part.size();
    table.chunks = CountChunks(part);
    std::memcpy(lease->data(), part.data(), static_cast<std::size_t>(size));
    lease->UseOn(stream);
    absl::Status status = runtime_.Copy(memory->get(), lease->data(), size, stream);
    if (status.ok()) status = runtime_.LaunchSegments(table, stream);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SegmentLauncher::Sum(c10::Stream stream, absl::Span<const Segment> segments,
                                  absl::Span<std::uint64_t> sums) {
  // The layout of the buffer, on the host and on the device: the sums, initially zero, followed by the table.
  const std::size_t sums_size = sums.size() * sizeof(std::uint64_t);
  const auto size = static_cast<std::int64_t>(sums_size + segments.size() * sizeof(Segment));
  absl::StatusOr<PinnedRing::Lease> lease = ring_.Acquire(stream.device());
  if (!lease.ok()) return lease.status();
  absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, size);
  if (!memory.ok()) return memory.status();

  char* staging = static_cast<char*>(memory->get());
  std::vector<Segment> table(segments.begin(), segments.end());
  for (std::size_t i = 0; i < table.size(); ++i) table[i].into = staging + i * sizeof(std::uint64_t);
  const std::uint64_t chunks = CountChunks(table);
  std::memset(lease->data(), 0, sums_size);
  std::memcpy(lease->data() + sums_size, table.data(), table.size() * sizeof(Segment));

  lease->UseOn(stream);
  absl::Status status = runtime_.Copy(staging, lease->data(), size, stream);
  if (status.ok()) {
    status = runtime_.LaunchSegments({.segments = reinterpret_cast<const Segment*>(staging + sums_size),
                                      .size = table.size(),
                                      .chunks = chunks,
                                      .work = SegmentWork::kChecksum},
                                     stream);
  }
  if (status.ok()) {
    status = runtime_.Copy(lease->data(), staging, static_cast<std::int64_t>(sums_size), stream);
  }
  if (status.ok()) status = lease->Wait();
  if (!status.ok()) return status;
  std::memcpy(sums.data(), lease->data(), sums_size);
  return absl::OkStatus();
}

}  // namespace metaconv
