// IsDeeperThan: whether JSON values are nested more than `limit` deep. A number or a text has depth 1, an empty list 1,
// a list of numbers 2.
//
// nlohmann::json parses any depth, but writes and copies values recursively. Values of a file are therefore checked
// first.
//
// Example:
//   if (IsDeeperThan(calls, 8)) return absl::InvalidArgumentError("…");
//
// Thread safety: a pure function. It is not recursive.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_META_JSON_DEPTH_H_
#define METACONV_META_JSON_DEPTH_H_

#include "nlohmann/json.hpp"

namespace metaconv {

bool IsDeeperThan(const nlohmann::ordered_json& json, int limit);

}  // namespace metaconv

#endif  // METACONV_META_JSON_DEPTH_H_
