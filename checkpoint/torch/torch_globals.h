// What the globals of a checkpoint's pickle mean, tensors aside (those are in rebuild.h).
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
  kOpaque,         // Everything that is not known.
  kDict,           // An OrderedDict, a defaultdict: its items are names.
  kSequence,       // A list, a tuple, a torch.Size.
  kPlain,          // Holds nothing that has a name: a device, a set, bytes.
  kFirstArgument,  // Stands for its first argument, as TorchScript's type tags do.
  kReconstructor,  // copyreg._reconstructor: its first argument is the class.
  kForbidden,      // Would run commands. No checkpoint asks for it, so the file is refused.
};

CallMeaning MeaningOfCall(const PickleGlobal& callable);

// Whether a global that is a value itself tells nothing to a user: a dtype, a quantization scheme. Others, functions
// and classes, are listed as opaque.
bool IsPlainGlobal(const PickleGlobal& global);

// The global that `value` is, or null. A class may also come as a persistent object with its source, as old versions of
// torch.save wrote the classes of modules.
const PickleGlobal* GlobalOf(const PickleValue& value);

bool Is(const PickleGlobal& global, std::string_view module, std::string_view name);

// Python 2's names of modules in Python 3, and the former ones of torch's own.
std::string_view CurrentModule(std::string_view module);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_GLOBALS_H_
