// ForEachField: visits every field of a MetaTensorDesc. This is the only list of the fields.
//
// JSON, printing and equality are visitors of this list, so a new field needs one line here.
//
// Example:
//   ForEachField([&](const FieldInfo& info, auto field) { Write(info.name, field(desc)); });
//
// `field(desc)` is a reference to the field: for a const record, to its value or default; for a record that is being
// written, to the field itself, which allocates the group that contains it. `ndim` follows from other fields, so
// `field(desc)` is a value there.
//
// Thread safety: stateless.
// Lifetime: names are string literals.

#ifndef METACONV_META_META_TENSOR_DESC_FIELDS_H_
#define METACONV_META_META_TENSOR_DESC_FIELDS_H_

#include <type_traits>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct FieldInfo {
  const char* name;
  // Written to JSON even if it has its default value, because the reference gives this field no default.
  bool always = false;
  // Valid in one process only.
  bool process_local = false;
  // Written to JSON as the string that Python's repr returns. The reference calls these fields not serializable.
  bool as_repr = false;
};

namespace internal {

// The group of fields of `desc` with type Group.
template <typename Group>
const Group& GroupOf(const MetaTensorDesc& desc) {
  if constexpr (std::is_same_v<Group, MetaTensorDesc>) return desc;
  if constexpr (std::is_same_v<Group, MetaTensorDescExtras>) return *desc.extras;
  if constexpr (std::is_same_v<Group, SparseFields>) return desc.sparse();
  if constexpr (std::is_same_v<Group, NestedFields>) return desc.nested();
  if constexpr (std::is_same_v<Group, FunctorchFields>) return desc.functorch();
  if constexpr (std::is_same_v<Group, WrapperFields>) return desc.wrapper();
  if constexpr (std::is_same_v<Group, AttributeFields>) return desc.attributes();
}

template <typename Group>
Group& GroupOf(MetaTensorDesc& desc) {
  if constexpr (std::is_same_v<Group, MetaTensorDesc>) return desc;
  if constexpr (std::is_same_v<Group, MetaTensorDescExtras>) return desc.extras.Edit();
  if constexpr (std::is_same_v<Group, SparseFields>) return desc.edit_sparse();
  if constexpr (std::is_same_v<Group, NestedFields>) return desc.edit_nested();
  if constexpr (std::is_same_v<Group, FunctorchFields>) return desc.edit_functorch();
  if constexpr (std::is_same_v<Group, WrapperFields>) return desc.edit_wrapper();
  if constexpr (std::is_same_v<Group, AttributeFields>) return desc.edit_attributes();
}

// A function that returns a reference to the field `member` of a record.
template <typename Group, typename T>
auto In(T Group::*member) {
  return [member](auto& desc) -> auto& { return GroupOf<Group>(desc).*member; };
}

}  // namespace internal

// Calls visit(const FieldInfo&, field) for each field, in the order of the reference.
template <typename Visitor>
void ForEachField(Visitor&& visit) {
  using internal::In;
  constexpr bool kAlways = true;
  visit(FieldInfo{"id", kAlways}, In(&MetaTensorDesc::id));
  visit(FieldInfo{"ndim", kAlways}, [](auto& desc) { return desc.ndim(); });
  visit(FieldInfo{"dtype", kAlways}, In(&MetaTensorDesc::dtype));
  visit(FieldInfo{"device", kAlways}, In(&MetaTensorDesc::device));
  visit(FieldInfo{"size", kAlways}, In(&MetaTensorDesc::size));
  visit(FieldInfo{"dynamo_dynamic_indices"}, In(&AttributeFields::dynamo_dynamic_indices));
  visit(FieldInfo{"dynamo_hint_overrides", kAlways}, In(&AttributeFields::dynamo_hint_overrides));
  visit(FieldInfo{"layout"}, In(&MetaTensorDesc::layout));
  visit(FieldInfo{"is_inference"}, In(&MetaTensorDesc::is_inference));
  visit(FieldInfo{"is_leaf"}, In(&MetaTensorDesc::is_leaf));
  visit(FieldInfo{"requires_grad"}, In(&MetaTensorDesc::requires_grad));
  visit(FieldInfo{"is_sparse"}, In(&MetaTensorDesc::is_sparse));
  visit(FieldInfo{"is_mkldnn"}, In(&MetaTensorDescExtras::is_mkldnn));
  visit(FieldInfo{"is_functorch_wrapped"}, In(&FunctorchFields::is_functorch_wrapped));
  visit(FieldInfo{"is_batchedtensor"}, In(&FunctorchFields::is_batchedtensor));
  visit(FieldInfo{"is_legacy_batchedtensor"}, In(&FunctorchFields::is_legacy_batchedtensor));
  visit(FieldInfo{"is_gradtrackingtensor"}, In(&FunctorchFields::is_gradtrackingtensor));
  visit(FieldInfo{"is_view"}, In(&MetaTensorDesc::is_view));
  visit(FieldInfo{"is_nested"}, In(&MetaTensorDesc::is_nested));
  visit(FieldInfo{.name = "nested_int", .as_repr = true}, In(&AttributeFields::nested_int));
  visit(FieldInfo{"is_traceable_wrapper_subclass"}, In(&WrapperFields::is_traceable_wrapper_subclass));
  visit(FieldInfo{"is_functional"}, In(&FunctorchFields::is_functional));
  visit(FieldInfo{"is_conj"}, In(&MetaTensorDesc::is_conj));
  visit(FieldInfo{"is_neg"}, In(&MetaTensorDesc::is_neg));
  visit(FieldInfo{"is_parameter"}, In(&MetaTensorDesc::is_parameter));
  visit(FieldInfo{"is_buffer"}, In(&MetaTensorDesc::is_buffer));
  visit(FieldInfo{"persistent"}, In(&AttributeFields::persistent));
  visit(FieldInfo{"stride"}, In(&MetaTensorDesc::stride));
  visit(FieldInfo{"storage_offset"}, In(&MetaTensorDesc::storage_offset));
  visit(FieldInfo{"storage"}, In(&MetaTensorDesc::storage));
  visit(FieldInfo{"sparse_dim"}, In(&SparseFields::sparse_dim));
  visit(FieldInfo{"dense_dim"}, In(&SparseFields::dense_dim));
  visit(FieldInfo{"is_coalesced"}, In(&SparseFields::is_coalesced));
  visit(FieldInfo{"crow_indices"}, In(&SparseFields::crow_indices));
  visit(FieldInfo{"col_indices"}, In(&SparseFields::col_indices));
  visit(FieldInfo{"ccol_indices"}, In(&SparseFields::ccol_indices));
  visit(FieldInfo{"row_indices"}, In(&SparseFields::row_indices));
  visit(FieldInfo{"values"}, In(&SparseFields::values));
  visit(FieldInfo{"indices"}, In(&SparseFields::indices));
  visit(FieldInfo{"nested_sizes"}, In(&NestedFields::sizes));
  visit(FieldInfo{"nested_strides"}, In(&NestedFields::strides));
  visit(FieldInfo{"nested_offsets"}, In(&NestedFields::offsets));
  visit(FieldInfo{"unwrapped"}, In(&FunctorchFields::unwrapped));
  visit(FieldInfo{"bdim"}, In(&FunctorchFields::bdim));
  visit(FieldInfo{"base"}, In(&MetaTensorDesc::base));
  visit(FieldInfo{"attrs"}, In(&WrapperFields::attrs));
  visit(FieldInfo{"opaque_attrs"}, In(&WrapperFields::opaque_attrs));
  visit(FieldInfo{"creation_meta"}, In(&MetaTensorDesc::creation_meta));
  visit(FieldInfo{"grad"}, In(&MetaTensorDescExtras::grad));
  visit(FieldInfo{.name = "ctx", .as_repr = true}, In(&WrapperFields::ctx));
  visit(FieldInfo{.name = "type", .as_repr = true}, In(&WrapperFields::type));
  visit(FieldInfo{.name = "fake_mode", .process_local = true, .as_repr = true}, In(&MetaTensorDescExtras::fake_mode));
  visit(FieldInfo{.name = "view_func", .as_repr = true}, In(&MetaTensorDescExtras::view_func));
  visit(FieldInfo{.name = "level", .as_repr = true}, In(&FunctorchFields::level));
  visit(FieldInfo{.name = "current_level", .as_repr = true}, In(&FunctorchFields::current_level));
  visit(FieldInfo{.name = "functorch_stack", .as_repr = true}, In(&FunctorchFields::functorch_stack));
  visit(FieldInfo{.name = "autograd_meta_from", .process_local = true}, In(&MetaTensorDescExtras::autograd_meta_from));
  visit(FieldInfo{.name = "data", .process_local = true}, In(&MetaTensorDescExtras::data));
}

// Calls visit(field name, record) for each nested record of `desc`, in the order of the fields.
template <typename Visitor>
void ForEachNested(const MetaTensorDesc& desc, Visitor&& visit) {
  ForEachField([&](const FieldInfo& info, auto field) {
    const auto& value = field(desc);
    if constexpr (std::is_same_v<decltype(value), const MetaTensorDescPtr&>) {
      if (value != nullptr) visit(info.name, value);
    } else if constexpr (std::is_same_v<decltype(value), const decltype(WrapperFields::attrs)&>) {
      if (value.has_value()) {
        for (const auto& [name, inner] : *value) visit(name.c_str(), inner);
      }
    }
  });
}

}  // namespace metaconv

#endif  // METACONV_META_META_TENSOR_DESC_FIELDS_H_
