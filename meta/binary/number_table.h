// NumberTable: a number for each of many ids, 0 for all others.
//
// A describer gives out consecutive ids, so most ids are an index into a vector. Ids beyond it are in a hash map.
//
// Example:
//   NumberTable table(/*expected=*/model.size());
//   table[desc.id] = 1;
//
// Thread safety: none.
// Lifetime: owns its memory.

#ifndef METACONV_META_BINARY_NUMBER_TABLE_H_
#define METACONV_META_BINARY_NUMBER_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace metaconv::binary {

class NumberTable {
 public:
  // `expected` is about the number of ids.
  explicit NumberTable(std::size_t expected) : dense_(2 * expected + 64) {}

  // The number of `id`. A reference is valid until the next call.
  std::uint32_t& operator[](std::int64_t id) {
    const auto index = static_cast<std::uint64_t>(id);
    return index < dense_.size() ? dense_[index] : others_[id];
  }

 private:
  std::vector<std::uint32_t> dense_;
  absl::flat_hash_map<std::int64_t, std::uint32_t> others_;
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_NUMBER_TABLE_H_
