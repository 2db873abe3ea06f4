// OpaqueValue: a value that a record carries without interpreting it, such as the context of a wrapper type.
//
// Example:
//   class BlockSize : public OpaqueValue {
//     std::string Repr() const override { return "BlockSize(32)"; }
//   };
//
// Thread safety: implementations are immutable; any thread may read them.
// Lifetime: shared by the records that carry it.

#ifndef METACONV_META_OPAQUE_VALUE_H_
#define METACONV_META_OPAQUE_VALUE_H_

#include <string>

namespace metaconv {

class OpaqueValue {
 public:
  virtual ~OpaqueValue() = default;

  // The text for JSON and printing. Values with equal text compare equal, so the text must contain the whole value.
  virtual std::string Repr() const = 0;
};

}  // namespace metaconv

#endif  // METACONV_META_OPAQUE_VALUE_H_
