#include "meta/record_decoders.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/named_view_func.h"
#include "meta/text_value.h"

namespace metaconv {
namespace {

absl::Status NoResult(const std::string& type) {
  return absl::InternalError(absl::StrCat("decoding '", type, "': expected a value or an error, found neither"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const OpaqueValue>> DecodeOpaqueValue(const RecordDecoders& decoders, std::string text,
                                                                     std::optional<EncodedValue> encoded) {
  if (encoded.has_value() && decoders.opaque_value) {
    absl::StatusOr<std::shared_ptr<const OpaqueValue>> value = decoders.opaque_value(*encoded);
    if (value.ok() && *value == nullptr) return NoResult(encoded->type);
    if (!absl::IsUnimplemented(value.status())) return value;
  }
  return std::make_shared<const TextValue>(std::move(text), std::move(encoded));
}

absl::StatusOr<std::shared_ptr<const ViewFunc>> DecodeViewFunc(const RecordDecoders& decoders, std::string name,
                                                               std::optional<EncodedValue> encoded,
                                                               std::vector<CapturedTensor> captured) {
  if (encoded.has_value() && decoders.view_func) {
    absl::StatusOr<std::shared_ptr<const ViewFunc>> func = decoders.view_func(*encoded, captured);
    if (func.ok() && *func == nullptr) return NoResult(encoded->type);
    if (func.ok() && (*func)->Name() != name) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected the calls of ", name, ", found those of ", (*func)->Name()));
    }
    if (!absl::IsUnimplemented(func.status())) return func;
  }
  return std::make_shared<const NamedViewFunc>(std::move(name), std::move(encoded), std::move(captured));
}

}  // namespace metaconv
