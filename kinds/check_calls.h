// CheckCalls, CheckOutputCount: whether operator calls from a file may be made.
//
// LibTorch does not check the arguments of a boxed call: a kernel reads the number of a dtype, for example, as it is. So
// the arguments of each call are compared with the schema of its operator. Only operators that always return a view of
// their first argument are allowed.
//
// Example:
//   absl::StatusOr<std::vector<OperatorCall>> calls = OperatorCallsFromText(text, tensors);
//   if (absl::Status status = CheckCalls(*calls); !status.ok()) return status;
//
// Thread safety: pure functions.
// Lifetime: retain no reference to their arguments.

#ifndef METACONV_KINDS_CHECK_CALLS_H_
#define METACONV_KINDS_CHECK_CALLS_H_

#include <cstdint>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/stack.h"
#include "absl/status/status.h"
#include "kinds/record_operators.h"

namespace metaconv {

// The most tensors that an operator may return.
inline constexpr std::int64_t kMaxOutputs = 65536;

// Accepts operators that this process does not have, since nothing can call them.
// Errors: kInvalidArgument, with the operator, the argument, the expected and the found type.
absl::Status CheckCalls(const std::vector<OperatorCall>& calls);

// Whether a checked call with these arguments returns at most kMaxOutputs tensors. A tensor on the meta device may have
// a dimension of any size, and unbind returns a tensor for each index.
// Errors: kInvalidArgument.
absl::Status CheckOutputCount(const c10::OperatorHandle& op, const torch::jit::Stack& arguments);

}  // namespace metaconv

#endif  // METACONV_KINDS_CHECK_CALLS_H_
