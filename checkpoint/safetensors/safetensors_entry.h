// SafetensorsEntry: a tensor in the header of a safetensors file, not checked yet.
//
// Example:
//   entry.end - entry.begin;   // Its size in bytes, if it is valid.
//
// Thread safety: a plain value.
// Lifetime: owns its data.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_ENTRY_H_
#define METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "checkpoint/records/sizes.h"

namespace metaconv {

// The largest number of dimensions that is accepted.
inline constexpr std::size_t kMaxSafetensorsDimensions = 1024;

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  Sizes shape;
  std::uint64_t begin = 0;  // In bytes, from the end of the header.
  std::uint64_t end = 0;

  friend bool operator==(const SafetensorsEntry&, const SafetensorsEntry&) = default;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_ENTRY_H_
