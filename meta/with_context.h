// WithContext: adds the place where an error occurred to the message of its status.
//
// Not for changing the code of a status: create a new status instead.
//
// Example:
//   absl::Status status = absl::DataLossError("expected 8 bytes, found 4");
//   WithContext("storage 3", status);           // DATA_LOSS: "storage 3: expected 8 bytes, found 4"
//   WithContext("member 'a'", status, ", ");    // DATA_LOSS: "member 'a', expected 8 bytes, found 4"
//
// Thread safety: Thread-safe; a pure function.
// Lifetime: the result owns its message.

#ifndef METACONV_META_WITH_CONTEXT_H_
#define METACONV_META_WITH_CONTEXT_H_

#include <string_view>

#include "absl/status/status.h"

namespace metaconv {

// Returns `status` with `context` and `separator` in front of its message, and with the same code and payloads. Returns
// an OK status unchanged.
absl::Status WithContext(std::string_view context, const absl::Status& status, std::string_view separator = ": ");

}  // namespace metaconv

#endif  // METACONV_META_WITH_CONTEXT_H_
