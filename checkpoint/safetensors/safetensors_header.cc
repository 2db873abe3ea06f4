#include "checkpoint/safetensors/safetensors_header.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/safetensors/header_events.h"
#include "checkpoint/safetensors/plain_header.h"
#include "checkpoint/safetensors/safetensors_entry.h"

namespace metaconv {

absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(std::string json) {
  if (std::optional<std::vector<SafetensorsEntry>> entries = ParsePlainHeader(json)) return *std::move(entries);
  return ParseHeaderEvents(json);
}

}  // namespace metaconv
