// EncodeRecords: the records of a whole model as bytes, the content of a file `*.mcr`. decode_records.h reads them.
//
// All fields are kept, with these exceptions: `data` and `autograd_meta_from` are left out, because they are real
// tensors; of `fake_mode`, and of any other opaque value or view function without an encoded form, only the text is
// kept. A record that several others refer to is written once.
//
// Not for logs and documents that people read: see as_json.h.
//
// Example:
//   absl::StatusOr<std::string> bytes = EncodeRecords({{"layer.weight", desc}}, {}, describer.id());
//
// The format is described in docs/records_format.md. The same records always give the same bytes.
//
// Thread safety: a pure function.
// Lifetime: the result is independent of the records.

#ifndef METACONV_META_BINARY_ENCODE_RECORDS_H_
#define METACONV_META_BINARY_ENCODE_RECORDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "meta/meta_storage_desc.h"
#include "meta/named_tensor.h"

namespace metaconv {

// Errors: kUnimplemented for symbolic values; kInvalidArgument if two different records have one id, if a text is not
// UTF-8, or if records are nested deeper than kMaxRecordDepth. Each message names the record and the field.
absl::StatusOr<std::string> EncodeRecords(absl::Span<const NamedTensor> tensors,
                                          absl::Span<const OpaqueObject> opaque = {}, DescriberId describer_id = 0);

}  // namespace metaconv

#endif  // METACONV_META_BINARY_ENCODE_RECORDS_H_
