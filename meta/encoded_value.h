// EncodedValue: an opaque value or a view function in a form that can be stored, and read by another process.
//
// `type` names the decoder. A process that has no decoder of this type keeps the bytes, and writes them again as they
// are: see text_value.h and named_view_func.h.
//
// Example:
//   EncodedValue{.type = "Int8Weight", .bytes = "axis 0"};
//
// Thread safety: a plain value.
// Lifetime: owns its members.

#ifndef METACONV_META_ENCODED_VALUE_H_
#define METACONV_META_ENCODED_VALUE_H_

#include <string>

namespace metaconv {

struct EncodedValue {
  std::string type;
  std::string bytes;  // Any bytes. Text is more useful: a reader without the decoder can show it.

  friend bool operator==(const EncodedValue&, const EncodedValue&) = default;
};

}  // namespace metaconv

#endif  // METACONV_META_ENCODED_VALUE_H_
