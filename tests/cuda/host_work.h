// Work, Clock: the order of the work of HostRuntime's streams.
//
// A clock is a vector clock: for each stream, the number of its last piece of work that is known to be finished. Work
// precedes other work if the other work's clock has its number.
//
// Example:
//   if (At(later.clock, earlier.stream) >= earlier.number) ...   // `earlier` is finished when `later` starts.
//
// Thread safety: plain values.
// Lifetime: independent of the runtime.

#ifndef METACONV_TESTS_CUDA_HOST_WORK_H_
#define METACONV_TESTS_CUDA_HOST_WORK_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"

namespace metaconv {

using StreamKey = std::pair<c10::DeviceIndex, c10::StreamId>;
using Clock = std::map<StreamKey, std::uint64_t>;

// A piece of work, and its order relative to the others.
struct Work {
  std::string name;
  StreamKey stream = {};
  std::uint64_t number = 0;  // On its stream, from 1.
  Clock clock = {};          // The work that precedes it, including itself.
};

inline StreamKey KeyOf(c10::Stream stream) { return {stream.device_index(), stream.id()}; }

inline std::uint64_t At(const Clock& clock, const StreamKey& key) {
  const auto it = clock.find(key);
  return it == clock.end() ? 0 : it->second;
}

inline void Merge(const Clock& from, Clock& into) {
  for (const auto& [key, number] : from) {
    std::uint64_t& mine = into[key];
    mine = std::max(mine, number);
  }
}

inline std::string Name(const StreamKey& key) {
  return absl::StrCat("stream ", key.second, " of cuda:", static_cast<int>(key.first));
}

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_HOST_WORK_H_
