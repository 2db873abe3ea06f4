#include "converter/copy_overlap.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

// The bytes that one copy reads or writes.
struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::size_t copy = 0;
  bool is_written = false;
};

std::vector<Range> RangesOf(absl::Span<const StorageCopy> copies) {
  std::vector<Range> ranges;
  ranges.reserve(2 * copies.size());
  const auto add = [&](const void* data, const c10::Storage& storage, std::size_t copy, bool is_written) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    if (storage.nbytes() > 0) ranges.push_back({begin, begin + storage.nbytes(), copy, is_written});
  };
  // A target that shares its bytes with other storages until it is written gets its own bytes here, before the
  // addresses of the sources are taken.
  for (std::size_t i = 0; i < copies.size(); ++i) add(copies[i].into.mutable_data(), copies[i].into, i, true);
  for (std::size_t i = 0; i < copies.size(); ++i) add(copies[i].from.data(), copies[i].from, i, false);
  return ranges;
}

absl::Status Overlap(absl::Span<const StorageCopy> copies, const Range& written, const Range& other) {
  const char* const side = other.is_written ? "target" : "source";
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", copies[written.copy].id, " and storage ", copies[other.copy].id,
                   ": expected copies of separate bytes, found that the target of the former and the ", side,
                   " of the latter overlap on ", copies[written.copy].into.device().str()));
}

}  // namespace

absl::Status CheckNoOverlap(absl::Span<const StorageCopy> copies) {
  absl::StatusOr<std::vector<Range>> ranges = CatchTorch("accessing storages", [&] { return RangesOf(copies); });
  if (!ranges.ok()) return ranges.status();
  std::sort(ranges->begin(), ranges->end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  // Of the ranges before the current one, those that end last.
  Range read, written = {.is_written = true};
  for (const Range& range : *ranges) {
    if (range.begin < written.end) return Overlap(copies, written, range);
    if (range.is_written && range.begin < read.end) return Overlap(copies, range, read);
    Range& last = range.is_written ? written : read;
    if (range.end > last.end) last = range;
  }
  return absl::OkStatus();
}

}  // namespace metaconv
