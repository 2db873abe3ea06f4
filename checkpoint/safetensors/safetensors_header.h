// The JSON header of a safetensors file.
//
// Example:
//   {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"format": "pt"}}
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_
#define METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace metaconv {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // In bytes, from the end of the header.
  std::uint64_t end = 0;
};

// The tensors in the order of the header. Other fields are skipped and take no memory.
// Errors: kDataLoss if it is not JSON of this form, or if a name occurs twice.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(std::string_view json);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_
