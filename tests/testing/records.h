// Creates records directly, for tests that do not need to describe a tensor.
//
// Example:
//   MetaTensorDesc desc = DenseRecord(/*id=*/3, {2, 4});   // float32, contiguous, a leaf, on storage 3.

#ifndef METACONV_TESTS_TESTING_RECORDS_H_
#define METACONV_TESTS_TESTING_RECORDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

inline MetaStorageDesc StorageRecord(MetaStorageId id, std::int64_t size_bytes) {
  return {.id = id, .size = size_bytes};
}

inline MetaTensorDesc DenseRecord(MetaTensorId id, const std::vector<std::int64_t>& size) {
  MetaTensorDesc desc;
  desc.id = id;
  desc.is_leaf = true;
  SymSizes stride(size.size(), 1);
  std::int64_t elements = 1;
  for (std::size_t i = size.size(); i-- > 0;) {
    stride[i] = elements;
    elements *= size[i];
  }
  for (const std::int64_t extent : size) desc.size.push_back(extent);
  desc.stride = stride;
  desc.storage = StorageRecord(id, 4 * elements);
  return desc;
}

// A view of all elements of `base`.
inline MetaTensorDesc ViewRecord(MetaTensorId id, const MetaTensorDescPtr& base) {
  MetaTensorDesc desc = *base;
  desc.id = id;
  desc.is_view = true;
  desc.base = base;
  if (desc.extras.has_value()) desc.extras.Edit().grad = nullptr;
  desc.creation_meta = CreationMeta::kDefault;
  return desc;
}

inline MetaTensorDescPtr Share(MetaTensorDesc desc) { return std::make_shared<const MetaTensorDesc>(std::move(desc)); }

// The attrs of a wrapper type with one inner tensor.
inline decltype(WrapperFields::attrs) Attr(std::string name, MetaTensorDescPtr inner) {
  std::vector<std::pair<std::string, MetaTensorDescPtr>> attrs;
  attrs.emplace_back(std::move(name), std::move(inner));
  return attrs;
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECORDS_H_
