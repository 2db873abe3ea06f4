// SameValue: whether two values of a record's field are equal. Nested records are compared by pointer, not by value.
//
// Thread safety: pure functions.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_META_SAME_VALUE_H_
#define METACONV_META_SAME_VALUE_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c10/core/Storage.h"
#include "c10/core/SymInt.h"
#include "c10/core/SymIntArrayRef.h"
#include "c10/core/SymNodeImpl.h"
#include "meta/meta_tensor_desc.h"
#include "meta/opaque_value.h"
#include "meta/view_func.h"

namespace metaconv {

template <typename T>
bool SameValue(const T& a, const T& b) {
  return a == b;
}

// Does not add a guard, which `operator==` of two symbolic integers would do.
inline bool SameValue(const c10::SymInt& a, const c10::SymInt& b) {
  if (!a.is_heap_allocated() && !b.is_heap_allocated()) return a.as_int_unchecked() == b.as_int_unchecked();
  const std::optional<int64_t> plain_a = a.maybe_as_int();
  const std::optional<int64_t> plain_b = b.maybe_as_int();
  if (plain_a.has_value() || plain_b.has_value()) return plain_a == plain_b;
  return a.is_same(b);
}

inline bool SameValue(c10::SymIntArrayRef a, c10::SymIntArrayRef b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const c10::SymInt& x, const c10::SymInt& y) { return SameValue(x, y); });
}

inline bool SameValue(const SymSizes& a, const SymSizes& b) {
  return SameValue(c10::SymIntArrayRef(a), c10::SymIntArrayRef(b));
}

inline bool SameValue(const std::optional<SymSizes>& a, const std::optional<SymSizes>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || SameValue(*a, *b));
}

inline bool SameValue(const c10::Storage& a, const c10::Storage& b) {
  return a.unsafeGetStorageImpl() == b.unsafeGetStorageImpl();
}

inline bool SameValue(const std::optional<MetaStorageDesc>& a, const std::optional<MetaStorageDesc>& b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  return a->id == b->id && SameValue(a->size, b->size) && SameValue(a->data, b->data);
}

inline bool SameValue(const std::shared_ptr<const OpaqueValue>& a, const std::shared_ptr<const OpaqueValue>& b) {
  return a == b || (a != nullptr && b != nullptr && a->Repr() == b->Repr());
}

using OpaqueAttrs = std::vector<std::pair<std::string, std::shared_ptr<const OpaqueValue>>>;
inline bool SameValue(const OpaqueAttrs& a, const OpaqueAttrs& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && SameValue(x.second, y.second); });
}

inline bool SameValue(const std::shared_ptr<const ViewFunc>& a, const std::shared_ptr<const ViewFunc>& b) {
  return a == b || (a != nullptr && b != nullptr && a->Name() == b->Name());
}

}  // namespace metaconv

#endif  // METACONV_META_SAME_VALUE_H_
