#include "tests/testing/literal_tensor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ATen/core/LegacyTypeDispatch.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/tensor.h"
#include "c10/util/Exception.h"
#include "kinds/functorch_stack.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

// The maximum number of dimensions in functorch.
constexpr std::size_t kMaxDims = 64;

std::vector<std::int64_t> Shape(const Json& elements) {
  std::vector<std::int64_t> shape;
  for (const Json* level = &elements; level->is_array(); level = &level->front()) {
    TORCH_CHECK_VALUE(shape.size() < kMaxDims, "expected at most ", kMaxDims, " dimensions, found more");
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  return shape;
}

void Flatten(const Json& elements, const std::vector<std::int64_t>& shape, std::size_t depth,
             std::vector<const Json*>& flat) {
  if (depth == shape.size()) {
    TORCH_CHECK_VALUE(elements.is_number() || elements.is_boolean(), "expected a number or boolean, found ",
                      elements.dump());
    flat.push_back(&elements);
    return;
  }
  TORCH_CHECK_VALUE(elements.is_array() && static_cast<std::int64_t>(elements.size()) == shape[depth],
                    "expected an array of ", shape[depth], ", found ", elements.dump());
  for (const Json& element : elements) Flatten(element, shape, depth + 1, flat);
}

at::ScalarType DtypeOf(const std::vector<const Json*>& flat) {
  if (flat.empty()) return at::kFloat;
  at::ScalarType dtype = at::kBool;
  for (const Json* element : flat) {
    if (element->is_number_float()) return at::kFloat;
    if (element->is_number()) dtype = at::kLong;
  }
  return dtype;
}

template <typename T>
at::Tensor Flat(const std::vector<const Json*>& flat) {
  std::vector<T> values;
  for (const Json* element : flat) {
    values.push_back(element->is_boolean() ? static_cast<T>(element->get<bool>()) : element->get<T>());
  }
  return at::tensor(values);
}

}  // namespace

at::Tensor LiteralTensor(const Json& elements, std::optional<at::ScalarType> dtype) {
  const std::vector<std::int64_t> shape = Shape(elements);
  std::vector<const Json*> flat;
  Flatten(elements, shape, 0, flat);
  // A plain tensor independent of thread-local state: no wrapper, no view, version 0.
  const FunctorchScope no_levels;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  const bool has_floats = std::any_of(flat.begin(), flat.end(), [](const Json* e) { return e->is_number_float(); });
  at::Tensor tensor = at::empty(shape, dtype.value_or(DtypeOf(flat)));
  tensor.copy_((has_floats ? Flat<double>(flat) : Flat<std::int64_t>(flat)).view(shape));
  return tensor;
}

}  // namespace metaconv
