// ParsePlainHeader: parses the header of a safetensors file with simdjson, if it is as the safetensors library writes it.
//
// Each tensor then has its three fields and no others, and all metadata are strings. For any other header, valid or
// not, there is no result, and ParseHeaderEvents (header_events.h) decides.
//
// Example:
//   std::optional<std::vector<SafetensorsEntry>> entries = ParsePlainHeader(json);
//   if (!entries.has_value()) return ParseHeaderEvents(json);
//
// Thread safety: any number of threads, each with its own text.
// Lifetime: the entries are independent of the text.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_PLAIN_HEADER_H_
#define METACONV_CHECKPOINT_SAFETENSORS_PLAIN_HEADER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/safetensors/safetensors_entry.h"

namespace metaconv {

// The unused capacity that the parser needs behind the text.
inline constexpr std::size_t kPlainHeaderPadding = 64;

// The tensors in the order of the header, as ParseHeaderEvents returns them. Does not change the text, but reserves
// kPlainHeaderPadding bytes behind it, which copies it if they are missing.
std::optional<std::vector<SafetensorsEntry>> ParsePlainHeader(std::string& json);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_PLAIN_HEADER_H_
