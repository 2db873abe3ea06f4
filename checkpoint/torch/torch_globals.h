// The meaning of functions and classes in the pickle of a checkpoint, except for tensors, which are in rebuild.h.
//
// Example:
//   const PickleGlobal* callable = GlobalOf(object.callable);
//   if (MeaningOfCall(*callable) == CallMeaning::kDict) …
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_GLOBALS_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_GLOBALS_H_

#include <string_view>

#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

enum class CallMeaning {
  kOpaque,         // Unknown.
  kDict,           // Makes a dict: an OrderedDict, a defaultdict.
  kSequence,       // Makes a list, a tuple or a torch.Size.
  kPlain,          // Makes a value without named parts: a device, a set, bytes.
  kFirstArgument,  // Returns its first argument, as the type tags of TorchScript do.
  kReconstructor,  // copyreg._reconstructor: its first argument is the class.
  kForbidden,      // Executes commands. No checkpoint needs it, so the file is rejected.
};

CallMeaning MeaningOfCall(const PickleGlobal& callable);

// Whether a global that is a value in the file is a constant, such as a dtype or a quantization scheme. Other globals,
// which are functions and classes, are listed as opaque objects.
bool IsPlainGlobal(const PickleGlobal& global);

// The function or class that `value` is; null for other values. Old versions of torch.save wrote the class of a module
// as a persistent object, together with its source code.
const PickleGlobal* GlobalOf(const PickleValue& value);

// Whether it is this function or class, under the current name of its module.
bool Is(const PickleGlobal& global, std::string_view module, std::string_view name);

// The current name of a module that was renamed in Python 3 or in torch; otherwise `module`.
std::string_view CurrentModule(std::string_view module);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_GLOBALS_H_
