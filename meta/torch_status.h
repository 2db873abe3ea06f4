// CatchTorch: calls a function that may throw, usually into LibTorch, and converts an exception to a Status.
//
// Example:
//   absl::StatusOr<at::Tensor> r = CatchTorch("as_strided", [&] { return base.as_strided({4}, {1}); });
//   absl::Status status = CatchTorch("set_", [&] { tensor.set_(storage); });
//
// A function that returns a Status or a StatusOr keeps its return type. This is the only place in the library that
// catches exceptions; all other code reports errors as values.
//
//   c10::IndexError, ValueError, TypeError, LinAlgError   kInvalidArgument
//   c10::NotImplementedError                              kUnimplemented
//   c10::OutOfMemoryError, the CPU allocator's error,
//     std::bad_alloc                                      kResourceExhausted
//   any other exception                                             kInternal
//
// The status of a c10::AcceleratorError has the payload kAcceleratorErrorCode, from which the code of an accelerator can
// choose a better status.
//
// Thread safety: that of the function that is called.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_META_TORCH_STATUS_H_
#define METACONV_META_TORCH_STATUS_H_

#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace metaconv {

// Names the payload: the code that the accelerator's runtime returned, in decimal.
inline constexpr char kAcceleratorErrorCode[] = "metaconv.accelerator_error_code";

namespace internal {

// Must be called inside a catch block.
absl::Status CurrentExceptionToStatus(std::string_view doing);

template <typename T>
struct AsStatusOr {
  using type = absl::StatusOr<T>;
};
template <>
struct AsStatusOr<void> {
  using type = absl::Status;
};
template <>
struct AsStatusOr<absl::Status> {
  using type = absl::Status;
};
template <typename T>
struct AsStatusOr<absl::StatusOr<T>> {
  using type = absl::StatusOr<T>;
};

}  // namespace internal

template <typename F>
typename internal::AsStatusOr<std::invoke_result_t<F>>::type CatchTorch(std::string_view doing, F&& f) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(f)();
      return absl::OkStatus();
    } else {
      return std::forward<F>(f)();
    }
  } catch (...) {
    return internal::CurrentExceptionToStatus(doing);
  }
}

}  // namespace metaconv

#endif  // METACONV_META_TORCH_STATUS_H_
