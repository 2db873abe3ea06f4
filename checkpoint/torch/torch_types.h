// The names that PyTorch gives to dtypes, storage classes and devices. Those of layouts are in meta/from_python_repr.h.
//
// Example:
//   DtypeNamed("bfloat16");              // c10::kBFloat16; also its old names, "half" or "double"
//   StorageClassDtype("LongStorage");    // c10::kLong
//   ParseDevice("cuda:1");
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_

#include <optional>
#include <string_view>

#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"

namespace metaconv {

// `name` without "torch.".
std::optional<c10::ScalarType> DtypeNamed(std::string_view name);

// Of the typed storage classes; UntypedStorage is not one.
std::optional<c10::ScalarType> StorageClassDtype(std::string_view class_name);

// "cpu", "cuda:0", "mps", … An accelerator without an index is the first one, as it is for a tensor in Python.
std::optional<c10::Device> ParseDevice(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_
