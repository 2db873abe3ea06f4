// RecordOrder: the records of a model, each once and after the records that it refers to.
//
// Example:
//   RecordOrder order(model.size());
//   absl::Status status = order.Add(*desc);
//   order.records();                 // base, view, …
//   order.NumberOf(*desc);           // The position plus one.
//
// Thread safety: none.
// Lifetime: the records must outlive it.

#ifndef METACONV_META_BINARY_RECORD_ORDER_H_
#define METACONV_META_BINARY_RECORD_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "meta/binary/layout.h"
#include "meta/binary/number_table.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv::binary {

class RecordOrder {
 public:
  // `expected` is about the number of records.
  explicit RecordOrder(std::size_t expected) : numbers_(expected) { records_.reserve(expected); }

  // Adds a record and all records that it refers to.
  // Errors: kInvalidArgument if two different records have one id, if records are nested too deeply, or if there are too
  // many of them.
  absl::Status Add(const MetaTensorDesc& desc);

  const std::vector<const MetaTensorDesc*>& records() const { return records_; }

  // `desc` must have been added.
  RecordNumber NumberOf(const MetaTensorDesc& desc) { return numbers_[desc.id]; }

 private:
  absl::Status Append(const MetaTensorDesc& desc);

  NumberTable numbers_;
  std::vector<const MetaTensorDesc*> records_;
  std::vector<const MetaTensorDesc*> open_;  // Used by Add only; a member to keep its memory.
  std::vector<std::uint16_t> heights_;       // How many records deep each is nested, itself included.
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_RECORD_ORDER_H_
