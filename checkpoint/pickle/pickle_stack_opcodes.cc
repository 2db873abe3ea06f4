#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/pickle/pickle_machine.h"
#include "checkpoint/pickle/pickle_opcodes.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {
namespace {

constexpr int kNewestProtocol = 5;

absl::Status Proto(PickleMachine& machine, int) {
  absl::StatusOr<std::uint64_t> protocol = machine.ReadUnsigned(1);
  if (!protocol.ok() || *protocol <= kNewestProtocol) return protocol.status();
  return absl::DataLossError(absl::StrCat("expected a pickle protocol up to ", kNewestProtocol, ", found ", *protocol));
}

// A frame only gives the number of bytes to read ahead.
absl::Status Frame(PickleMachine& machine, int) { return machine.ReadLength(8).status(); }

absl::Status Stop(PickleMachine& machine, int) {
  if (absl::Status status = machine.Require(1); !status.ok()) return status;
  machine.Stop();
  return absl::OkStatus();
}

absl::Status Mark(PickleMachine& machine, int) {
  machine.Mark();
  return absl::OkStatus();
}

// As in Python, POP removes the topmost mark if no value is above it.
absl::Status Pop(PickleMachine& machine, int) { return machine.PopMark() ? absl::OkStatus() : machine.Pop().status(); }

absl::Status PopToMark(PickleMachine& machine, int) { return machine.PopToMark().status(); }

absl::Status Dup(PickleMachine& machine, int) {
  if (absl::Status status = machine.Require(1); !status.ok()) return status;
  return machine.Push(PickleValue(machine.top()));
}

absl::Status Put(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> key = machine.ReadUnsigned(width);
  return key.ok() ? machine.Memoize(*key) : key.status();
}

absl::Status PutLine(PickleMachine& machine, int) {
  absl::StatusOr<std::uint64_t> key = machine.ReadMemoKeyLine();
  return key.ok() ? machine.Memoize(*key) : key.status();
}

absl::Status MemoizeNext(PickleMachine& machine, int) { return machine.MemoizeNext(); }

absl::Status Get(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> key = machine.ReadUnsigned(width);
  return key.ok() ? machine.Recall(*key) : key.status();
}

absl::Status GetLine(PickleMachine& machine, int) {
  absl::StatusOr<std::uint64_t> key = machine.ReadMemoKeyLine();
  return key.ok() ? machine.Recall(*key) : key.status();
}

}  // namespace

void AddStackOpcodes(PickleOpcodes& opcodes) {
  opcodes[0x80] = {Proto};
  opcodes[0x95] = {Frame};
  opcodes['.'] = {Stop};
  opcodes['('] = {Mark};
  opcodes['0'] = {Pop};
  opcodes['1'] = {PopToMark};
  opcodes['2'] = {Dup};
  opcodes['p'] = {PutLine};
  opcodes['q'] = {Put, 1};
  opcodes['r'] = {Put, 4};
  opcodes[0x94] = {MemoizeNext};
  opcodes['g'] = {GetLine};
  opcodes['h'] = {Get, 1};
  opcodes['j'] = {Get, 4};
}

}  // namespace metaconv
