// CreationMeta: under which conditions a view was created. Autograd uses it to decide which in-place operations it
// allows.
//
// Example:
//   desc.creation_meta = CreationMeta::kNoGradMode;   // made under torch.no_grad()
//   PythonRepr(CreationMeta::kNoGradMode);            // "CreationMeta.NO_GRAD_MODE"
//
// The values and their order are those of torch::autograd::CreationMeta. They are defined here again so that a program
// that only reads records needs no autograd headers; `describer/` statically asserts that both definitions agree.
//
// Thread safety: a plain value.
// Lifetime: a plain value.

#ifndef METACONV_META_CREATION_META_H_
#define METACONV_META_CREATION_META_H_

#include <cstdint>

namespace metaconv {

enum class CreationMeta : std::uint8_t {
  kDefault,
  kInCustomFunction,
  kMultiOutputNode,
  kNoGradMode,
  kInferenceMode,
};

}  // namespace metaconv

#endif  // METACONV_META_CREATION_META_H_
