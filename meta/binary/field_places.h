// FieldPlaces: the places of fields in the list of ForEachField, by which the binary form identifies those that are not
// in the part of fixed width.
//
// Example:
//   const FieldPlaces& places = FieldPlaces::Get();
//   places.names[places.size];   // "size"
//
// Thread safety: immutable.
// Lifetime: `names` are string literals.

#ifndef METACONV_META_BINARY_FIELD_PLACES_H_
#define METACONV_META_BINARY_FIELD_PLACES_H_

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"

namespace metaconv::binary {

// The types of `data` and `autograd_meta_from`, which have no binary form.
template <typename T>
inline constexpr bool kIsRealTensor = std::is_same_v<std::remove_cvref_t<T>, c10::intrusive_ptr<c10::TensorImpl>>;

struct FieldPlaces {
  std::vector<std::string_view> names;
  std::vector<bool> is_fixed;  // Whether the field is in the part of fixed width.
  // Written with their names for records of many dimensions, and of nested tensors.
  std::size_t size = 0;
  std::size_t stride = 0;
  std::size_t ndim = 0;

  static const FieldPlaces& Get();
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_FIELD_PLACES_H_
