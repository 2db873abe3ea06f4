#include "meta/binary/record_order.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "meta/record_depth.h"
#include "meta/references.h"

namespace metaconv::binary {

absl::Status RecordOrder::Append(const MetaTensorDesc& desc) {
  int height = 0;
  ForEachReference(desc, [&](const char*, const MetaTensorDescPtr& nested) {
    height = std::max<int>(height, heights_[numbers_[nested->id] - 1]);
  });
  if (++height > kMaxRecordDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", desc.id, ": expected records nested at most ", kMaxRecordDepth, " deep, found more"));
  }
  if (records_.size() == std::numeric_limits<RecordNumber>::max()) {
    return absl::InvalidArgumentError("expected less than 2^32 records, found more");
  }
  records_.push_back(&desc);
  heights_.push_back(static_cast<std::uint16_t>(height));
  numbers_[desc.id] = static_cast<RecordNumber>(records_.size());
  return absl::OkStatus();
}

// Depth first, with an explicit stack instead of recursion. A record is appended when it is on top of the stack for the
// second time, after those that it refers to.
absl::Status RecordOrder::Add(const MetaTensorDesc& desc) {
  open_.assign(1, &desc);
  while (!open_.empty()) {
    const MetaTensorDesc& top = *open_.back();
    if (const RecordNumber number = numbers_[top.id]; number != 0) {
      if (records_[number - 1] != &top) {
        return absl::InvalidArgumentError(
            absl::StrCat("record ", top.id, ": id: expected a unique id, found one of two different records"));
      }
      open_.pop_back();
      continue;
    }
    const std::size_t before = open_.size();
    ForEachReference(top, [&](const char*, const MetaTensorDescPtr& nested) {
      const RecordNumber number = numbers_[nested->id];
      if (number == 0 || records_[number - 1] != nested.get()) open_.push_back(nested.get());
    });
    if (open_.size() > before) continue;
    open_.pop_back();
    if (absl::Status status = Append(top); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace metaconv::binary
