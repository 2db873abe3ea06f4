// CallArguments: typed access to the arguments of a call in a pickle. Errors name the function and the argument.
//
// Example:
//   CallArguments arguments(global, args, offset);
//   absl::StatusOr<std::int64_t> offset = arguments.Int(1, "storage_offset");
//   // "offset 88: torch._utils._rebuild_tensor_v2: expected storage_offset as an int, found a str"
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the function and the arguments.

#ifndef METACONV_CHECKPOINT_TORCH_CALL_ARGUMENTS_H_
#define METACONV_CHECKPOINT_TORCH_CALL_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/sizes.h"

namespace metaconv {

class CallArguments {
 public:
  CallArguments(const PickleGlobal& callable, const PickleTuple& args, std::uint64_t offset)
      : callable_(callable), args_(args.items), offset_(offset) {}

  std::size_t count() const { return args_.size(); }
  absl::Status RequireCount(std::size_t least, std::size_t most) const;

  // None if there is no such argument.
  PickleValue Value(std::size_t i) const { return i < args_.size() ? args_[i] : PickleValue(PickleNone{}); }

  absl::StatusOr<std::int64_t> Int(std::size_t i, std::string_view name) const;
  absl::StatusOr<bool> Bool(std::size_t i, std::string_view name) const;
  absl::StatusOr<const PickleTuple*> Tuple(std::size_t i, std::string_view name) const;
  absl::StatusOr<c10::ScalarType> Dtype(std::size_t i, std::string_view name) const;
  absl::StatusOr<c10::Layout> Layout(std::size_t i, std::string_view name) const;
  absl::StatusOr<const std::string*> Text(std::size_t i, std::string_view name) const;

  // A tuple, a list or a torch.Size of ints.
  absl::StatusOr<Sizes> Ints(std::size_t i, std::string_view name) const;

  absl::Status Expected(std::string_view wanted, const PickleValue& found) const;

  // The status with the offset and the name of the function in front of its message.
  absl::Status Located(const absl::Status& status) const;

 private:
  const PickleGlobal& callable_;
  const std::vector<PickleValue>& args_;
  const std::uint64_t offset_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_CALL_ARGUMENTS_H_
