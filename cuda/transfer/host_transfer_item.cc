#include "cuda/transfer/host_transfer_item.h"

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "meta/with_context.h"

namespace metaconv {

absl::Status LocateBatch(const absl::Status& status, absl::Span<const HostTransferItem> items,
                         const TransferBatch& batch) {
  if (status.ok()) return status;
  const TransferPiece& first = batch.pieces.front();
  const HostTransferItem& item = items[first.item];
  std::string where = absl::StrCat(item.stream.device().str(), ": storage ", item.id, ", ");
  if (batch.pieces.size() > 1) {
    absl::StrAppend(&where, "and ", batch.pieces.size() - 1, " more up to storage ", items[batch.pieces.back().item].id,
                    ", ", SizeOfPieces(batch), " bytes in one buffer");
  } else {
    absl::StrAppend(&where, "bytes ", first.offset, " to ", first.offset + first.size, " of ", item.size);
  }
  return WithContext(where, status);
}

SegmentTable WriteTable(absl::Span<const HostTransferItem> items, const TransferBatch& batch, char* buffer,
                        char* staging, absl::FunctionRef<Segment(char*, char*)> make) {
  std::vector<Segment> segments;
  segments.reserve(batch.pieces.size());
  for (const TransferPiece& piece : batch.pieces) {
    Segment& segment = segments.emplace_back(make(items[piece.item].device_data + piece.offset, staging + piece.place));
    segment.size = static_cast<std::uint64_t>(piece.size);
  }
  const std::uint64_t chunks = CountChunks(segments);
  std::memcpy(buffer + batch.table_place, segments.data(), segments.size() * sizeof(Segment));
  return {.segments = reinterpret_cast<const Segment*>(staging + batch.table_place),
          .size = segments.size(),
          .chunks = chunks,
          .work = SegmentWork::kCopy};
}

}  // namespace metaconv
