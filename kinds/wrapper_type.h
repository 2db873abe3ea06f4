// WrapperType: a tensor type of yours that is made of other tensors, such as a quantized weight of integers and scales.
//
// Once it is registered, tensors of the type are described by their inner tensors, and converted by converting those
// and putting them together again.
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
// See examples/int8_weight.h for a whole one. Inner tensors may be wrappers themselves.
//
// Thread safety: Thread-safe. flatten and unflatten are called from any thread, with no lock held. They may throw.
// Lifetime: a type is registered once, for the life of the process. Its impl overrides release_resources() to let go of
// the inner tensors. Otherwise weak references to it, as a describer and a converter hold, keep them alive.
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
  // By name, in the order in which they are described.
  std::vector<std::pair<std::string, at::Tensor>> inner;
  // What is no tensor and goes through unchanged, by name.
  std::vector<std::pair<std::string, std::shared_ptr<const OpaqueValue>>> opaque = {};
  // Whatever else unflatten needs to know; may be null.
  std::shared_ptr<const OpaqueValue> ctx = nullptr;
};

struct WrapperType {
  // What records call the type. One name, one type.
  std::string name;
  std::function<absl::StatusOr<FlattenedTensor>(const at::Tensor& tensor)> flatten;
  // A tensor of the given size and stride, made of what flatten would take it apart into. It must not require grad.
  std::function<absl::StatusOr<at::Tensor>(const FlattenedTensor& parts, c10::SymIntArrayRef outer_size,
                                           c10::SymIntArrayRef outer_stride)>
      unflatten;
};

// Errors: kInvalidArgument without a name, flatten or unflatten; kAlreadyExists if the name or `impl` is taken.
absl::Status RegisterWrapperType(std::type_index impl, WrapperType type);

// For tensors whose impl is exactly an `Impl`.
template <typename Impl>
absl::Status RegisterWrapperType(WrapperType type) {
  return RegisterWrapperType(typeid(Impl), std::move(type));
}

// Null if there is none. Pointers stay valid.
const WrapperType* FindWrapperType(const at::Tensor& tensor);
const WrapperType* FindWrapperType(std::string_view name);

}  // namespace metaconv

#endif  // METACONV_KINDS_WRAPPER_TYPE_H_
