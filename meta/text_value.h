// TextValue: an OpaqueValue that was read in a process that cannot decode it. It has the original's text, and its
// encoded form if there is one, so it is written again as it was.
//
// Example:
//   desc.edit_wrapper().ctx = std::make_shared<const TextValue>("BlockSize(32)");
//
// Thread safety: immutable.
// Lifetime: owns its text.

#ifndef METACONV_META_TEXT_VALUE_H_
#define METACONV_META_TEXT_VALUE_H_

#include <optional>
#include <string>
#include <utility>

#include "meta/encoded_value.h"
#include "meta/opaque_value.h"

namespace metaconv {

class TextValue final : public OpaqueValue {
 public:
  explicit TextValue(std::string text) : text_(std::move(text)) {}
  TextValue(std::string text, std::optional<EncodedValue> encoded)
      : text_(std::move(text)), encoded_(std::move(encoded)) {}

  std::string Repr() const override { return text_; }
  std::optional<EncodedValue> Encode() const override { return encoded_; }

 private:
  const std::string text_;
  const std::optional<EncodedValue> encoded_;
};

}  // namespace metaconv

#endif  // METACONV_META_TEXT_VALUE_H_
