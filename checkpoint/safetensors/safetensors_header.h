// The JSON header of a safetensors file.
//
// Example:
//   {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"format": "pt"}}
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_
#define METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/safetensors/plain_header.h"
#include "checkpoint/safetensors/safetensors_entry.h"

namespace metaconv {

// The unused capacity that the text should have, so that it is not copied.
inline constexpr std::size_t kSafetensorsHeaderPadding = kPlainHeaderPadding;

// The tensors in the order of the header. Other fields are skipped.
// Errors: kDataLoss if it is not JSON of this form, or if a name occurs twice.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(std::string json);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_HEADER_H_
