// PythonRepr: returns the text that Python's repr gives for a value. The reference writes this text to JSON.
//
// Example:
//   PythonRepr(c10::kBFloat16);                    // "torch.bfloat16"
//   PythonRepr(c10::Device("cuda:1"));             // "device(type='cuda', index=1)"
//   PythonRepr(c10::Layout::SparseCsr);            // "torch.sparse_csr"
//   PythonRepr(CreationMeta::kDefault);            // "CreationMeta.DEFAULT"
//   PythonRepr(c10::SymInt(3));                    // "3"
//
// Thread safety: pure functions.
// Lifetime: results own their text.

#ifndef METACONV_META_PYTHON_REPR_H_
#define METACONV_META_PYTHON_REPR_H_

#include <string>

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "c10/core/SymInt.h"
#include "meta/creation_meta.h"

namespace metaconv {

std::string PythonRepr(c10::ScalarType dtype);
std::string PythonRepr(c10::Device device);
std::string PythonRepr(c10::Layout layout);
std::string PythonRepr(CreationMeta creation_meta);
std::string PythonRepr(const c10::SymInt& value);

}  // namespace metaconv

#endif  // METACONV_META_PYTHON_REPR_H_
