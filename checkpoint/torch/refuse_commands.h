// RefuseCommands: turns down pickles that ask to run something.
//
// Nothing here would run it. But a file that asks is made to attack whoever loads it with Python, and its user should
// hear.
//
// Thread safety: for one thread at a time.

#ifndef METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_
#define METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_

#include "absl/status/status.h"
#include "checkpoint/pickle/pickle_heap.h"

namespace metaconv {

// Looks at every call in the heap, whether its result is used or not.
// Errors: kInvalidArgument, with the offset and the name of the function.
absl::Status RefuseCommands(const PickleHeap& heap);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_
