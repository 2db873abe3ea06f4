#include "meta/with_context.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace metaconv {

absl::Status WithContext(std::string_view context, const absl::Status& status, std::string_view separator) {
  if (status.ok()) return status;
  absl::Status result(status.code(), absl::StrCat(std::string(context), std::string(separator), status.message()));
  status.ForEachPayload(
      [&](absl::string_view type_url, const absl::Cord& payload) { result.SetPayload(type_url, payload); });
  return result;
}

}  // namespace metaconv
