// ParseHeaderEvents: parses the header of a safetensors file from the events of a JSON parser.
//
// It decides which headers are valid, and explains what is wrong with the others. It takes much longer than
// ParsePlainHeader (plain_header.h), which is called first.
//
// Example:
//   absl::StatusOr<std::vector<SafetensorsEntry>> entries = ParseHeaderEvents(json);
//
// Thread safety: pure function.
// Lifetime: the entries are independent of the text.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_HEADER_EVENTS_H_
#define METACONV_CHECKPOINT_SAFETENSORS_HEADER_EVENTS_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/safetensors/safetensors_entry.h"

namespace metaconv {

// The tensors in the order of the header. Other fields are skipped and take no memory.
// Errors: as ParseSafetensorsHeader.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseHeaderEvents(std::string_view json);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_HEADER_EVENTS_H_
