#include "checkpoint/pickle/unpickler.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_machine.h"
#include "checkpoint/pickle/pickle_opcodes.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

PickleOpcodes MakeOpcodes() {
  PickleOpcodes opcodes{};
  AddScalarOpcodes(opcodes);
  AddContainerOpcodes(opcodes);
  AddObjectOpcodes(opcodes);
  AddStackOpcodes(opcodes);
  return opcodes;
}

absl::Status Step(PickleMachine& machine, const PickleOpcodes& opcodes) {
  absl::StatusOr<std::uint8_t> code = machine.ReadOpcode();
  if (!code.ok()) return code.status();
  const PickleOpcode opcode = opcodes[*code];
  if (opcode.run == nullptr) {
    return absl::DataLossError(
        absl::StrCat("expected a pickle opcode, found the byte 0x", absl::Hex(*code, absl::kZeroPad2)));
  }
  if (absl::Status status = opcode.run(machine, opcode.argument); !status.ok()) return status;
  return machine.CheckLimits();
}

}  // namespace

absl::StatusOr<Unpickled> Unpickle(ByteReader& reader, PickleHeap& heap, const Limits& limits) {
  static const PickleOpcodes opcodes = MakeOpcodes();
  PickleMachine machine(reader, heap, limits);
  while (!machine.stopped()) {
    if (absl::Status status = Step(machine, opcodes); !status.ok()) {
      return WithContext(absl::StrCat("offset ", machine.at()), status);
    }
  }
  return Unpickled{.root = machine.top(), .persistent = std::move(machine.persistent)};
}

}  // namespace metaconv
