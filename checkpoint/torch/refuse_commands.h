// RefuseCommands: rejects pickles that call functions which execute commands.
//
// The reader never executes such a call. But the file is an attack on programs that load it with Python, so the user
// has to be told.
//
// Thread safety: for one thread at a time.

#ifndef METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_
#define METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_

#include "absl/status/status.h"
#include "checkpoint/pickle/pickle_heap.h"

namespace metaconv {

// Checks every call in the heap, including calls whose result is not used.
// Errors: kInvalidArgument, with the offset and the name of the function.
absl::Status RefuseCommands(const PickleHeap& heap);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_REFUSE_COMMANDS_H_
