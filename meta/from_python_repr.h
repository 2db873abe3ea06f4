// DtypeFromPythonRepr and others: parse the text that PythonRepr wrote. Any other text returns nullopt.
//
// Example:
//   DtypeFromPythonRepr("torch.bfloat16");                     // c10::kBFloat16
//   DeviceFromPythonRepr("device(type='cuda', index=1)");      // c10::Device("cuda:1")
//   LayoutFromPythonRepr("torch.sparse_csr");                  // c10::Layout::SparseCsr
//   CreationMetaFromPythonRepr("CreationMeta.DEFAULT");        // CreationMeta::kDefault
//
// Thread safety: pure functions.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_META_FROM_PYTHON_REPR_H_
#define METACONV_META_FROM_PYTHON_REPR_H_

#include <optional>
#include <string_view>

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "meta/creation_meta.h"

namespace metaconv {

std::optional<c10::ScalarType> DtypeFromPythonRepr(std::string_view text);
std::optional<c10::Device> DeviceFromPythonRepr(std::string_view text);
std::optional<c10::Layout> LayoutFromPythonRepr(std::string_view text);
std::optional<CreationMeta> CreationMetaFromPythonRepr(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_META_FROM_PYTHON_REPR_H_
