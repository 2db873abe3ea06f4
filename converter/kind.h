// ConverterKind: how records of one kind of tensor are built, as one table.
//
// A kind is one file and one entry here.
//
// Example:
//   const ConverterKind& kind = KindOf(desc);
//   if (kind.build != nullptr) tensor = kind.build(conversion, desc);
//
// Thread safety: constant data.
// Lifetime: entries are static.

#ifndef METACONV_CONVERTER_KIND_H_
#define METACONV_CONVERTER_KIND_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "converter/conversion.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct ConverterKind {
  const char* name;
  bool (*matches)(const MetaTensorDesc& desc);
  // The tensor without its gradient and its conjugate and negative bits, which every kind has alike. Runs in the
  // inference mode that the record names. Null: the kind is not supported.
  absl::StatusOr<at::Tensor> (*build)(Conversion& conversion, const MetaTensorDesc& desc);
};

const ConverterKind& KindOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_KIND_H_
