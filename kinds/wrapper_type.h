// WrapperType: registers a user-defined tensor type that consists of other tensors, such as a quantized weight with
// integer data and scales.
//
// A tensor of a registered type is described by describing its inner tensors, and converted by converting these and
// calling unflatten.
//
// Example:
//   RegisterWrapperType<Int8WeightImpl>({
//       .name = "Int8Weight",
//       .flatten = [](const at::Tensor& t) -> absl::StatusOr<FlattenedTensor> {
//         const Int8WeightImpl& w = *static_cast<const Int8WeightImpl*>(t.unsafeGetTensorImpl());
//         return FlattenedTensor{.inner = {{"data", w.data()}, {"scale", w.scale()}}};
//       },
//       .unflatten = [](const FlattenedTensor& parts, c10::SymIntArrayRef size, c10::SymIntArrayRef stride) {
//         return MakeInt8Weight(parts.inner[0].second, parts.inner[1].second);
//       }});
//
// See examples/int8_weight.h for a complete example. Inner tensors may be wrappers themselves.
//
// Thread safety: Thread-safe. flatten and unflatten are called from any thread, with no lock held. They may throw.
// Lifetime: a registration lasts until the process ends. The TensorImpl of the type should override release_resources()
// to release its inner tensors; otherwise weak references to it, which describers and converters hold, keep them alive.
// Source: `__tensor_flatten__` and `__tensor_unflatten__` of traceable wrapper subclasses.

#ifndef METACONV_KINDS_WRAPPER_TYPE_H_
#define METACONV_KINDS_WRAPPER_TYPE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/SymIntArrayRef.h"
#include "meta/opaque_value.h"

namespace metaconv {

struct FlattenedTensor {
  // The inner tensors by name, in the order in which they are described.
  std::vector<std::pair<std::string, at::Tensor>> inner;
  // Attributes that are not tensors, by name. They are passed to unflatten unchanged.
  std::vector<std::pair<std::string, std::shared_ptr<const OpaqueValue>>> opaque = {};
  // Any other state that unflatten needs; may be null.
  std::shared_ptr<const OpaqueValue> ctx = nullptr;
};

struct WrapperType {
  // The name of the type in records. Must be unique.
  std::string name;
  std::function<absl::StatusOr<FlattenedTensor>(const at::Tensor& tensor)> flatten;
  // Creates a tensor of the given size and stride from the parts that flatten returns. It must not require grad. It
  // must check the inner tensors, because a record may come from anywhere, and return kInvalidArgument or throw
  // c10::ValueError if they do not fit. Any other exception becomes kInternal.
  std::function<absl::StatusOr<at::Tensor>(const FlattenedTensor& parts, c10::SymIntArrayRef outer_size,
                                           c10::SymIntArrayRef outer_stride)>
      unflatten;
  // Optional: the value that has the given encoded bytes. Called for `ctx` and for opaque attributes that were read from
  // a file, if their Encode() gave `name` as the type. The file may come from anywhere.
  std::function<absl::StatusOr<std::shared_ptr<const OpaqueValue>>(std::string_view bytes)> parse_opaque = {};
};

// Errors: kInvalidArgument if name, flatten or unflatten is empty; kAlreadyExists if the name or `impl` is registered
// already.
absl::Status RegisterWrapperType(std::type_index impl, WrapperType type);

// Registers the type for tensors whose TensorImpl is exactly an `Impl`, not a class derived from it.
template <typename Impl>
absl::Status RegisterWrapperType(WrapperType type) {
  return RegisterWrapperType(typeid(Impl), std::move(type));
}

// The registered type of a tensor, or of this name; null if there is none. The pointer stays valid until the process
// ends.
const WrapperType* FindWrapperType(const at::Tensor& tensor);
const WrapperType* FindWrapperType(std::string_view name);

}  // namespace metaconv

#endif  // METACONV_KINDS_WRAPPER_TYPE_H_
