// ForEachField: visits every field of a MetaTensorDesc. This is the only list of the fields.
//
// JSON, printing and equality are visitors of this list, so a new field needs one line here.
//
// Example:
//   ForEachField([&](const FieldInfo& info, auto member) { Write(info.name, desc.*member); });
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

// Calls visit(const FieldInfo&, pointer to member) for each field, in the order of the reference.
template <typename Visitor>
void ForEachField(Visitor&& visit) {
  using D = MetaTensorDesc;
  constexpr bool kAlways = true;
  visit(FieldInfo{"id", kAlways}, &D::id);
  visit(FieldInfo{"ndim", kAlways}, &D::ndim);
  visit(FieldInfo{"dtype", kAlways}, &D::dtype);
  visit(FieldInfo{"device", kAlways}, &D::device);
  visit(FieldInfo{"size", kAlways}, &D::size);
  visit(FieldInfo{"dynamo_dynamic_indices"}, &D::dynamo_dynamic_indices);
  visit(FieldInfo{"dynamo_hint_overrides", kAlways}, &D::dynamo_hint_overrides);
  visit(FieldInfo{"layout"}, &D::layout);
  visit(FieldInfo{"is_inference"}, &D::is_inference);
  visit(FieldInfo{"is_leaf"}, &D::is_leaf);
  visit(FieldInfo{"requires_grad"}, &D::requires_grad);
  visit(FieldInfo{"is_sparse"}, &D::is_sparse);
  visit(FieldInfo{"is_mkldnn"}, &D::is_mkldnn);
  visit(FieldInfo{"is_functorch_wrapped"}, &D::is_functorch_wrapped);
  visit(FieldInfo{"is_batchedtensor"}, &D::is_batchedtensor);
  visit(FieldInfo{"is_legacy_batchedtensor"}, &D::is_legacy_batchedtensor);
  visit(FieldInfo{"is_gradtrackingtensor"}, &D::is_gradtrackingtensor);
  visit(FieldInfo{"is_view"}, &D::is_view);
  visit(FieldInfo{"is_nested"}, &D::is_nested);
  visit(FieldInfo{.name = "nested_int", .as_repr = true}, &D::nested_int);
  visit(FieldInfo{"is_traceable_wrapper_subclass"}, &D::is_traceable_wrapper_subclass);
  visit(FieldInfo{"is_functional"}, &D::is_functional);
  visit(FieldInfo{"is_conj"}, &D::is_conj);
  visit(FieldInfo{"is_neg"}, &D::is_neg);
  visit(FieldInfo{"is_parameter"}, &D::is_parameter);
  visit(FieldInfo{"is_buffer"}, &D::is_buffer);
  visit(FieldInfo{"persistent"}, &D::persistent);
  visit(FieldInfo{"stride"}, &D::stride);
  visit(FieldInfo{"storage_offset"}, &D::storage_offset);
  visit(FieldInfo{"storage"}, &D::storage);
  visit(FieldInfo{"sparse_dim"}, &D::sparse_dim);
  visit(FieldInfo{"dense_dim"}, &D::dense_dim);
  visit(FieldInfo{"is_coalesced"}, &D::is_coalesced);
  visit(FieldInfo{"crow_indices"}, &D::crow_indices);
  visit(FieldInfo{"col_indices"}, &D::col_indices);
  visit(FieldInfo{"ccol_indices"}, &D::ccol_indices);
  visit(FieldInfo{"row_indices"}, &D::row_indices);
  visit(FieldInfo{"values"}, &D::values);
  visit(FieldInfo{"indices"}, &D::indices);
  visit(FieldInfo{"nested_sizes"}, &D::nested_sizes);
  visit(FieldInfo{"nested_strides"}, &D::nested_strides);
  visit(FieldInfo{"nested_offsets"}, &D::nested_offsets);
  visit(FieldInfo{"unwrapped"}, &D::unwrapped);
  visit(FieldInfo{"bdim"}, &D::bdim);
  visit(FieldInfo{"base"}, &D::base);
  visit(FieldInfo{"attrs"}, &D::attrs);
  visit(FieldInfo{"opaque_attrs"}, &D::opaque_attrs);
  visit(FieldInfo{"creation_meta"}, &D::creation_meta);
  visit(FieldInfo{"grad"}, &D::grad);
  visit(FieldInfo{.name = "ctx", .as_repr = true}, &D::ctx);
  visit(FieldInfo{.name = "type", .as_repr = true}, &D::type);
  visit(FieldInfo{.name = "fake_mode", .process_local = true, .as_repr = true}, &D::fake_mode);
  visit(FieldInfo{.name = "view_func", .as_repr = true}, &D::view_func);
  visit(FieldInfo{.name = "level", .as_repr = true}, &D::level);
  visit(FieldInfo{.name = "current_level", .as_repr = true}, &D::current_level);
  visit(FieldInfo{.name = "functorch_stack", .as_repr = true}, &D::functorch_stack);
  visit(FieldInfo{.name = "autograd_meta_from", .process_local = true}, &D::autograd_meta_from);
  visit(FieldInfo{.name = "data", .process_local = true}, &D::data);
}

// Calls visit(field name, record) for each nested record of `desc`, in the order of the fields.
template <typename Visitor>
void ForEachNested(const MetaTensorDesc& desc, Visitor&& visit) {
  ForEachField([&](const FieldInfo& info, auto member) {
    const auto& value = desc.*member;
    if constexpr (std::is_same_v<decltype(value), const MetaTensorDescPtr&>) {
      if (value != nullptr) visit(info.name, value);
    } else if constexpr (std::is_same_v<decltype(value), const decltype(MetaTensorDesc::attrs)&>) {
      if (value.has_value()) {
        for (const auto& [name, inner] : *value) visit(name.c_str(), inner);
      }
    }
  });
}

}  // namespace metaconv

#endif  // METACONV_META_META_TENSOR_DESC_FIELDS_H_
