// CreationMeta: how a view came to be, which decides what autograd allows to be done to it in place.
//
// Example:
//   desc.creation_meta = CreationMeta::kNoGradMode;   // made under torch.no_grad()
//   PythonRepr(CreationMeta::kNoGradMode);            // "CreationMeta.NO_GRAD_MODE"
//
// The values and their order are those of torch::autograd::CreationMeta. They are spelled again here so that a
// program that only reads records needs no autograd headers; `describer/` asserts that the two agree.
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
