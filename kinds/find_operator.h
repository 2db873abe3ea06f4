// FindOperator: an operator of LibTorch's by its full name, as c10::toString writes it.
//
// Example:
//   std::optional<c10::OperatorHandle> select = FindOperator("aten::select.int");
//   std::optional<c10::OperatorHandle> t = FindOperator("aten::t");                  // The overload without a name.
//
// Thread safety: any thread.
// Lifetime: the handle is valid while the operator is registered; those of LibTorch always are.

#ifndef METACONV_KINDS_FIND_OPERATOR_H_
#define METACONV_KINDS_FIND_OPERATOR_H_

#include <optional>
#include <string>
#include <string_view>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/operator_name.h"

namespace metaconv {

// Empty if no operator of that name and overload has a schema.
inline std::optional<c10::OperatorHandle> FindOperator(std::string_view full_name) {
  const c10::OperatorNameView name = c10::OperatorNameView::parse(full_name);
  return c10::Dispatcher::singleton().findSchema({std::string(name.name), std::string(name.overload_name)});
}

}  // namespace metaconv

#endif  // METACONV_KINDS_FIND_OPERATOR_H_
