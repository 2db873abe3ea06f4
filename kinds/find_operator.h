// FindOperator: looks up an operator by its full name, which c10::toString(c10::OperatorName) returns.
//
// Not for hot paths: each call parses the name and searches the dispatcher. Keep the handle instead.
//
// Example:
//   std::optional<c10::OperatorHandle> select = FindOperator("aten::select.int");
//   std::optional<c10::OperatorHandle> t = FindOperator("aten::t");                  // The unnamed overload.
//
// Thread safety: Thread-safe.
// Lifetime: the handle is valid while the operator is registered. LibTorch's own operators are never deregistered.

#ifndef METACONV_KINDS_FIND_OPERATOR_H_
#define METACONV_KINDS_FIND_OPERATOR_H_

#include <optional>
#include <string>
#include <string_view>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/operator_name.h"

namespace metaconv {

// Nullopt if no operator with this name and overload name has a schema.
inline std::optional<c10::OperatorHandle> FindOperator(std::string_view full_name) {
  const c10::OperatorNameView name = c10::OperatorNameView::parse(full_name);
  return c10::Dispatcher::singleton().findSchema({std::string(name.name), std::string(name.overload_name)});
}

}  // namespace metaconv

#endif  // METACONV_KINDS_FIND_OPERATOR_H_
