// RecordDecoders: how a reader of records restores the values whose types this package does not know: view functions,
// functorch stacks, and the contexts of wrapper types.
//
// A reader without decoders keeps such values as text with their bytes, which is enough to list, compare and write
// them. kinds/record_decoders.h has the decoders for building tensors.
//
// Example:
//   absl::StatusOr<RecordModel> model = DecodeRecords(bytes, {.decoders = TorchDecoders()});
//
// Thread safety: the functions may be called from any thread.
// Lifetime: results are independent of the decoders.

#ifndef METACONV_META_RECORD_DECODERS_H_
#define METACONV_META_RECORD_DECODERS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "meta/encoded_value.h"
#include "meta/opaque_value.h"
#include "meta/view_func.h"

namespace metaconv {

// Each function returns kUnimplemented for a type that it does not know; the value is then kept as it is. The bytes may
// come from anywhere, so they must be checked. An empty function knows no type.
struct RecordDecoders {
  std::function<absl::StatusOr<std::shared_ptr<const OpaqueValue>>(const EncodedValue&)> opaque_value = {};
  std::function<absl::StatusOr<std::shared_ptr<const ViewFunc>>(const EncodedValue&, std::vector<CapturedTensor>)>
      view_func = {};
};

// The decoded value, or the text with its encoded form. Errors: those of the decoder, except kUnimplemented.
absl::StatusOr<std::shared_ptr<const OpaqueValue>> DecodeOpaqueValue(const RecordDecoders& decoders, std::string text,
                                                                     std::optional<EncodedValue> encoded);

// As DecodeOpaqueValue, for a view function called `name`. Errors: also kInvalidArgument if the decoded function has
// another name.
absl::StatusOr<std::shared_ptr<const ViewFunc>> DecodeViewFunc(const RecordDecoders& decoders, std::string name,
                                                               std::optional<EncodedValue> encoded,
                                                               std::vector<CapturedTensor> captured);

}  // namespace metaconv

#endif  // METACONV_META_RECORD_DECODERS_H_
