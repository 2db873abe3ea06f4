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

// The dtype with this name, which is given without "torch."; absent if there is none.
std::optional<c10::ScalarType> DtypeNamed(std::string_view name);

// The dtype of a typed storage class; absent for UntypedStorage and other names.
std::optional<c10::ScalarType> StorageClassDtype(std::string_view class_name);

// "cpu", "cuda:0", "mps", …; absent for other text. An accelerator without an index has index 0, as a tensor in Python.
std::optional<c10::Device> ParseDevice(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_
