// MetaStorageDesc: the record of a storage, without its bytes.
//
// Tensors whose records have the same storage id share memory.
//
// Example:
//   const MetaStorageDesc storage = {.id = 0, .size = 4096};
//
// Thread safety: a plain value.
// Lifetime: owns its members; `data`, if set, keeps the real storage alive.
// Source: `MetaStorageDesc` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_META_STORAGE_DESC_H_
#define METACONV_META_META_STORAGE_DESC_H_

#include <cstdint>
#include <utility>

#include "c10/core/Storage.h"
#include "c10/core/SymInt.h"

namespace metaconv {

// Ids count from 0 in the order in which a describer first meets the objects. They are unique only within one
// describer.
using MetaTensorId = std::int64_t;
using MetaStorageId = std::int64_t;
using DescriberId = std::int64_t;

struct MetaStorageDesc {
  MetaStorageId id = 0;
  c10::SymInt size = 0;    // In bytes.
  c10::Storage data = {};  // Null unless the describer's option `copy_data` is set.

  friend bool operator==(const MetaStorageDesc& a, const MetaStorageDesc& b);

  template <typename H>
  friend H AbslHashValue(H h, const MetaStorageDesc& desc) {
    return H::combine(std::move(h), desc.id, desc.size.maybe_as_int().value_or(-1));
  }
};

}  // namespace metaconv

#endif  // METACONV_META_META_STORAGE_DESC_H_
