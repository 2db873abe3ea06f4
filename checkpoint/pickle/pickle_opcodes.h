// The opcodes of the pickle protocols 0 to 5, in four groups.
//
// Thread safety: pure functions; each PickleMachine is for one thread at a time.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_

#include <array>

#include "absl/status/status.h"
#include "checkpoint/pickle/pickle_machine.h"

namespace metaconv {

struct PickleOpcode {
  absl::Status (*run)(PickleMachine&, int) = nullptr;  // Null where there is no such opcode.
  // Passed to `run`, which several opcodes share: the width of the opcode's argument in bytes, the number of values
  // that it pops, or the value that it pushes.
  int argument = 0;
};

using PickleOpcodes = std::array<PickleOpcode, 256>;

// Each adds the opcodes of one group. Python's module pickletools documents what an opcode does.
void AddScalarOpcodes(PickleOpcodes& opcodes);     // None, bool, int, float, str, bytes.
void AddContainerOpcodes(PickleOpcodes& opcodes);  // tuple, list, set, dict.
void AddObjectOpcodes(PickleOpcodes& opcodes);     // Globals, calls, instances, persistent objects.
void AddStackOpcodes(PickleOpcodes& opcodes);      // The stack, the memo, protocol and frame.

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_OPCODES_H_
