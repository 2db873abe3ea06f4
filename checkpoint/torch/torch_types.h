// The names that PyTorch gives its dtypes, storage classes, layouts and devices.
//
// Example:
//   DtypeNamed("bfloat16");              // c10::kBFloat16; also its old names, "half" or "double"
//   StorageClassDtype("LongStorage");    // c10::kLong
//   ParseDevice("cuda:1");
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"

namespace metaconv {

// `name` without "torch.".
std::optional<c10::ScalarType> DtypeNamed(std::string_view name);

// Of the typed storage classes; UntypedStorage is not one.
std::optional<c10::ScalarType> StorageClassDtype(std::string_view class_name);

// "torch.sparse_coo", …
std::optional<c10::Layout> LayoutNamed(std::string_view name);

// "cpu", "cuda:0", "mps", … An accelerator without an index is the first one, as it is for a tensor in Python.
std::optional<c10::Device> ParseDevice(std::string_view text);

// 2 and 4 for the quantized dtypes that pack several elements into a byte of storage, else 1.
std::int64_t ElementsPerItem(c10::ScalarType dtype);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_TYPES_H_
