// TensorFacts: facts about a tensor that are not part of a C++ tensor.
//
// In Python these are attributes of the tensor or of its class. In C++ the caller passes them when it describes or
// converts the tensor.
//
// Example:
//   describer.DescribeTensor(weight, {.facts = {.is_parameter = true}});
//   describer.DescribeTensor(running_mean, {.facts = {.is_buffer = true, .persistent = true}});
//
// Thread safety: a plain value.
// Lifetime: a plain value.
// Source: torch.nn.Parameter, torch.nn.Buffer, `_dynamo_dynamic_indices`, `_dynamo_hint_overrides`, `nested_int` of
// torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_TENSOR_FACTS_H_
#define METACONV_DESCRIBER_TENSOR_FACTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct TensorFacts {
  bool is_parameter = false;
  bool is_buffer = false;
  std::optional<bool> persistent = {};  // Whether the state_dict contains the buffer.
  // The number of the symbolic jagged length that this tensor's offsets define.
  std::optional<std::int64_t> nested_int = {};
  std::vector<std::int64_t> dynamic_indices = {};            // Dimensions marked as dynamic.
  std::map<std::int64_t, std::int64_t> hint_overrides = {};  // Dimension -> size hint.

  bool empty() const {
    return !is_parameter && !is_buffer && !persistent.has_value() && !nested_int.has_value() &&
           dynamic_indices.empty() && hint_overrides.empty();
  }

  // Merges `newer` into this: fields that `newer` sets replace those set here.
  void Update(const TensorFacts& newer) {
    is_parameter |= newer.is_parameter;
    is_buffer |= newer.is_buffer;
    if (newer.persistent.has_value()) persistent = newer.persistent;
    if (newer.nested_int.has_value()) nested_int = newer.nested_int;
    if (!newer.dynamic_indices.empty()) dynamic_indices = newer.dynamic_indices;
    if (!newer.hint_overrides.empty()) hint_overrides = newer.hint_overrides;
  }

  void Write(MetaTensorDesc& desc) const {
    desc.is_parameter = is_parameter;
    desc.is_buffer = is_buffer;
    const bool has_attributes =
        persistent.has_value() || nested_int.has_value() || !dynamic_indices.empty() || !hint_overrides.empty();
    if (!has_attributes) return;
    desc.edit_attributes() = {.dynamo_dynamic_indices = dynamic_indices,
                              .dynamo_hint_overrides = hint_overrides,
                              .nested_int = nested_int,
                              .persistent = persistent};
  }
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TENSOR_FACTS_H_
