// Within: a copy of a status whose message begins with the place where the error was found.
//
// Example:
//   Within("member 'archive/data.pkl'", status);   // "member 'archive/data.pkl', offset 12: expected …"
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_LOCATED_STATUS_H_
#define METACONV_CHECKPOINT_IO_LOCATED_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace metaconv {

// Returns an OK status unchanged.
absl::Status Within(std::string_view place, const absl::Status& status, std::string_view separator = ", ");

// "member 'NAME'". Bytes of the name that are not UTF-8 are escaped.
std::string MemberPlace(std::string_view name);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_LOCATED_STATUS_H_
