// The limit on how deep records may be nested.
//
// Example:
//   if (depth > kMaxRecordDepth) return absl::InvalidArgumentError("…");
//
// Thread safety: a constant.
// Lifetime: static.

#ifndef METACONV_META_RECORD_DEPTH_H_
#define METACONV_META_RECORD_DEPTH_H_

namespace metaconv {

// Records nested deeper than this are an error, because code that visits records is recursive.
inline constexpr int kMaxRecordDepth = 1000;

}  // namespace metaconv

#endif  // METACONV_META_RECORD_DEPTH_H_
