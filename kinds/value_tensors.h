// ForEachTensor, MapTensors: visit or replace the tensors in an argument or result of an operator: a tensor, a list of
// tensors, or a list of optional tensors.
//
// Not for dictionaries, tuples and objects: their tensors are neither visited nor replaced.
//
// Example:
//   std::vector<at::Tensor> tensors;
//   ForEachTensor(argument, [&](const at::Tensor& tensor) { tensors.push_back(tensor); });
//   c10::IValue detached = MapTensors(argument, [](const at::Tensor& tensor) { return tensor.detach(); });
//
// Undefined tensors and absent optional tensors are not passed to the function, and MapTensors keeps them unchanged.
//
// Thread safety: Thread-safe if the passed function is.
// Lifetime: keeps no reference to the arguments. MapTensors does not modify lists: a list in the result is new.

#ifndef METACONV_KINDS_VALUE_TENSORS_H_
#define METACONV_KINDS_VALUE_TENSORS_H_

#include <optional>
#include <vector>

#include "ATen/core/List.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"

namespace metaconv {

// Calls visit(tensor) for each defined tensor in `value`, in the order of the list.
template <typename Visitor>
void ForEachTensor(const c10::IValue& value, Visitor&& visit) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) visit(value.toTensor());
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) {
      if (tensor.defined()) visit(tensor);
    }
  } else if (value.isList()) {  // A list of optional tensors or of other values.
    for (const c10::IValue& element : value.toListRef()) ForEachTensor(element, visit);
  }
}

// Returns `value` with each defined tensor replaced by map(tensor), in the same order.
template <typename Map>
c10::IValue MapTensors(const c10::IValue& value, Map&& map) {
  if (value.isTensor()) return value.toTensor().defined() ? c10::IValue(map(value.toTensor())) : value;
  if (value.isTensorList()) {
    std::vector<at::Tensor> tensors = value.toTensorVector();
    for (at::Tensor& tensor : tensors) {
      if (tensor.defined()) tensor = map(tensor);
    }
    return tensors;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> tensors;
    for (const c10::IValue& element : value.toListRef()) {
      tensors.push_back(MapTensors(element, map).template toOptional<at::Tensor>());
    }
    return tensors;
  }
  return value;
}

}  // namespace metaconv

#endif  // METACONV_KINDS_VALUE_TENSORS_H_
