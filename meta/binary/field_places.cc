#include "meta/binary/field_places.h"

#include <algorithm>
#include <iterator>

#include "meta/meta_tensor_desc_fields.h"

namespace metaconv::binary {
namespace {

constexpr std::string_view kFixedFields[] = {"id",      "dtype",         "device",       "layout",    "is_inference",
                                             "is_leaf", "requires_grad", "is_sparse",    "is_view",   "is_nested",
                                             "is_conj", "is_neg",        "is_parameter", "is_buffer", "storage_offset",
                                             "storage", "base",          "creation_meta"};

FieldPlaces MakePlaces() {
  FieldPlaces places;
  ForEachField([&](const FieldInfo& info, auto) {
    const std::string_view name = info.name;
    if (name == "size") places.size = places.names.size();
    if (name == "stride") places.stride = places.names.size();
    if (name == "ndim") places.ndim = places.names.size();
    places.names.push_back(name);
    places.is_fixed.push_back(std::find(std::begin(kFixedFields), std::end(kFixedFields), name) !=
                              std::end(kFixedFields));
  });
  return places;
}

}  // namespace

const FieldPlaces& FieldPlaces::Get() {
  static const FieldPlaces& places = *new FieldPlaces(MakePlaces());
  return places;
}

}  // namespace metaconv::binary
