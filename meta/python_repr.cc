#include "meta/python_repr.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "c10/core/DeviceType.h"
#include "c10/core/SymNodeImpl.h"

namespace metaconv {

std::string PythonRepr(c10::ScalarType dtype) {
  const std::string name(c10::getDtypeNames(dtype).first);
  return absl::StrCat("torch.", name);
}

std::string PythonRepr(c10::Device device) {
  std::string repr = absl::StrCat("device(type='", c10::DeviceTypeName(device.type(), /*lower_case=*/true), "'");
  if (device.has_index()) absl::StrAppend(&repr, ", index=", static_cast<int>(device.index()));
  return absl::StrCat(repr, ")");
}

std::string PythonRepr(c10::Layout layout) {
  switch (layout) {
    case c10::Layout::Strided:
      return "torch.strided";
    case c10::Layout::Sparse:
      return "torch.sparse_coo";
    case c10::Layout::SparseCsr:
      return "torch.sparse_csr";
    case c10::Layout::SparseCsc:
      return "torch.sparse_csc";
    case c10::Layout::SparseBsr:
      return "torch.sparse_bsr";
    case c10::Layout::SparseBsc:
      return "torch.sparse_bsc";
    case c10::Layout::Mkldnn:
      return "torch._mkldnn";
    case c10::Layout::Jagged:
      return "torch.jagged";
    case c10::Layout::NumOptions:
      break;
  }
  return absl::StrCat("torch.layout(", static_cast<int>(layout), ")");
}

std::string PythonRepr(CreationMeta creation_meta) {
  constexpr std::array<const char*, 5> kNames = {"DEFAULT", "IN_CUSTOM_FUNCTION", "MULTI_OUTPUT_NODE", "NO_GRAD_MODE",
                                                 "INFERENCE_MODE"};
  return absl::StrCat("CreationMeta.", kNames.at(static_cast<std::size_t>(creation_meta)));
}

std::string PythonRepr(const c10::SymInt& value) {
  if (std::optional<int64_t> plain = value.maybe_as_int()) return absl::StrCat(*plain);
  return value.toSymNode()->str();
}

}  // namespace metaconv
