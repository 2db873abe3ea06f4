#include "checkpoint/io/located_status.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/utf8.h"

namespace metaconv {

absl::Status Within(std::string_view place, const absl::Status& status, std::string_view separator) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(std::string(place), std::string(separator), status.message()));
}

std::string MemberPlace(std::string_view name) { return absl::StrCat("member '", EscapeInvalidUtf8(name), "'"); }

}  // namespace metaconv
