// WithContext: a status whose message names the place where the error occurred.
//
// Not for a status that is returned unchanged, nor for one that gets another code: make a new one of those.
//
// Example:
//   absl::Status status = absl::DataLossError("expected 8 bytes, found 4");
//   WithContext("storage 3", status);           // DATA_LOSS: "storage 3: expected 8 bytes, found 4"
//   WithContext("member 'a'", status, ", ");    // DATA_LOSS: "member 'a', expected 8 bytes, found 4"
//
// Thread safety: a pure function.
// Lifetime: the result owns its message.

#ifndef METACONV_META_WITH_CONTEXT_H_
#define METACONV_META_WITH_CONTEXT_H_

#include <string_view>

#include "absl/status/status.h"

namespace metaconv {

// `status` with `context` and `separator` in front of its message; code and payloads are kept. An OK status has no
// message and is returned as it is.
absl::Status WithContext(std::string_view context, const absl::Status& status, std::string_view separator = ": ");

}  // namespace metaconv

#endif  // METACONV_META_WITH_CONTEXT_H_
