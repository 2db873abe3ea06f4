// Linking this file runs our kernels on the host, with the stand-in for libcudart: each thread of a launch in turn. All
// memory that the segments name is checked first.

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "cuda/segments/segments.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"

namespace metaconv {
namespace {

// Whether the device may use the memory that the segments name.
bool IsAccessible(const SegmentTable& table) {
  for (std::uint64_t i = 0; i < table.size; ++i) {
    const Segment& segment = table.segments[i];
    if (segment.size == 0) continue;
    const bool reads = table.work != SegmentWork::kFill;
    const std::uint64_t written = table.work == SegmentWork::kChecksum ? sizeof(std::uint64_t) : segment.size;
    if (reads && !FakeCudart::CanAccess(segment.from, segment.size)) return false;
    if (!FakeCudart::CanAccess(segment.into, written)) return false;
  }
  return true;
}

// The threads run one after another.
struct Add {
  void operator()(std::uint64_t* sum, std::uint64_t term) const { *sum += term; }
};

cudaError_t RunOn(const SegmentTable& table, const FakeCudart::Launch& launch) {
  if (!IsAccessible(table)) return cudaErrorIllegalAddress;
  for (std::uint32_t block = 0; block < launch.grid.x; ++block) {
    for (std::uint32_t thread = 0; thread < launch.block.x; ++thread) {
      RunSegments(table, {block, launch.grid.x, thread, launch.block.x}, Add());
    }
  }
  return cudaSuccess;
}

cudaError_t RunTable(const FakeCudart::Launch& launch) {
  const auto& table = *static_cast<const SegmentTable*>(launch.arguments[0]);
  if (!FakeCudart::CanAccess(table.segments, table.size * sizeof(Segment))) return cudaErrorIllegalAddress;
  return RunOn(table, launch);
}

// The argument is a table, followed by its segments.
cudaError_t RunArgument(const FakeCudart::Launch& launch) {
  SegmentTable table = *static_cast<const SegmentTable*>(launch.arguments[0]);
  table.segments = reinterpret_cast<const Segment*>(static_cast<const char*>(launch.arguments[0]) + sizeof(table));
  return RunOn(table, launch);
}

bool RegisterArgumentKernel(std::size_t capacity) {
  FakeCudart::RegisterKernel(absl::StrCat("14ArgumentKernelILm", capacity, "E"),
                             {sizeof(SegmentTable) + capacity * sizeof(Segment)}, RunArgument);
  return true;
}

[[maybe_unused]] const bool is_registered =
    (FakeCudart::RegisterKernel("13SegmentKernel", {sizeof(SegmentTable)}, RunTable), true) &&
    RegisterArgumentKernel(kFewArgumentSegments) && RegisterArgumentKernel(kMaxArgumentSegments);

}  // namespace
}  // namespace metaconv
