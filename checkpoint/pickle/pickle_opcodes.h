// The opcodes of pickle protocols 0 to 5, by family.
//
// Thread safety: pure functions, on a machine for one thread at a time.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_

#include <array>

#include "absl/status/status.h"
#include "checkpoint/pickle/pickle_machine.h"

namespace metaconv {

struct PickleOpcode {
  absl::Status (*run)(PickleMachine&, int) = nullptr;  // Null where there is no such opcode.
  // What tells it from others that do nearly the same: the width in bytes of what follows, how many values it takes,
  // the value it pushes.
  int argument = 0;
};

using PickleOpcodes = std::array<PickleOpcode, 256>;

// Each adds its family. What an opcode does is said in the comments of Python's pickletools.
void AddScalarOpcodes(PickleOpcodes& opcodes);     // None, bool, int, float, str, bytes.
void AddContainerOpcodes(PickleOpcodes& opcodes);  // tuple, list, set, dict.
void AddObjectOpcodes(PickleOpcodes& opcodes);     // Globals, calls, instances, persistent objects.
void AddStackOpcodes(PickleOpcodes& opcodes);      // The stack, the memo, the frame around it all.

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_
