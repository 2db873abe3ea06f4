// OpaqueValue: a value that a record carries without interpreting it, such as the context of a wrapper type.
//
// Example:
//   class BlockSize : public OpaqueValue {
//     std::string Repr() const override { return "BlockSize(32)"; }
//     std::optional<EncodedValue> Encode() const override { return EncodedValue{"MyWeight", "32"}; }
//   };
//
// Thread safety: implementations are immutable; any thread may read them.
// Lifetime: shared by the records that carry it.

#ifndef METACONV_META_OPAQUE_VALUE_H_
#define METACONV_META_OPAQUE_VALUE_H_

#include <optional>
#include <string>

#include "meta/encoded_value.h"

namespace metaconv {

class OpaqueValue {
 public:
  virtual ~OpaqueValue() = default;

  // The text for JSON and printing. Values with equal text compare equal, so the text must contain the whole value.
  virtual std::string Repr() const = 0;

  // The form in which another process can read the value: see record_decoders.h. Nullopt: another process gets the text
  // only.
  virtual std::optional<EncodedValue> Encode() const { return std::nullopt; }
};

}  // namespace metaconv

#endif  // METACONV_META_OPAQUE_VALUE_H_
