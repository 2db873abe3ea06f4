#include "checkpoint/io/member_place.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "checkpoint/io/utf8.h"

namespace metaconv {

std::string MemberPlace(std::string_view name) { return absl::StrCat("member '", EscapeInvalidUtf8(name), "'"); }

}  // namespace metaconv
