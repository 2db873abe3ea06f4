// NamedTensor and OpaqueObject: what a model or a checkpoint file contains, by name.
//
// Example:
//   std::vector<NamedTensor> model = {{"layer.weight", desc}};
//
// Thread safety: plain values.
// Lifetime: a NamedTensor shares its record.

#ifndef METACONV_META_NAMED_TENSOR_H_
#define METACONV_META_NAMED_TENSOR_H_

#include <string>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct NamedTensor {
  // The path to the tensor: keys, indices and attributes joined by '.'; empty if the file contains a tensor alone.
  std::string name;
  // If one tensor object has two names, both have the same record. Tensors that share memory have the same storage id.
  MetaTensorDescPtr desc;
};

// An object of an unknown class, or a class or function that is itself a value in the file. Its name is recorded; it is
// never constructed.
struct OpaqueObject {
  std::string name;  // The path, as for tensors. Tensors and objects inside it are listed under longer paths.
  std::string type;  // The full name in the file, "package.module.Class".
};

}  // namespace metaconv

#endif  // METACONV_META_NAMED_TENSOR_H_
