// Within: a status with the place it happened in put in front of its message.
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

absl::Status Within(std::string_view place, const absl::Status& status, std::string_view separator = ", ");

// "member 'NAME'", whatever bytes the name is made of.
std::string MemberPlace(std::string_view name);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_LOCATED_STATUS_H_
