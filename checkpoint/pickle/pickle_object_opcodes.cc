#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/pickle/pickle_machine.h"
#include "checkpoint/pickle/pickle_opcodes.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {
namespace {

PickleGlobal* NewGlobal(PickleMachine& machine, std::string module, std::string name) {
  PickleGlobal* const global = machine.New<PickleGlobal>();
  global->module = std::move(module);
  global->name = std::move(name);
  machine.Charge(global->module.capacity() + global->name.capacity());
  return global;
}

absl::StatusOr<PickleGlobal*> ReadGlobalLines(PickleMachine& machine) {
  absl::StatusOr<std::string> module = machine.ReadLine();
  if (!module.ok()) return module.status();
  absl::StatusOr<std::string> name = machine.ReadLine();
  if (!name.ok()) return name.status();
  return NewGlobal(machine, *std::move(module), *std::move(name));
}

absl::Status GlobalLines(PickleMachine& machine, int) {
  absl::StatusOr<PickleGlobal*> global = ReadGlobalLines(machine);
  return global.ok() ? machine.Push(*global) : global.status();
}

absl::Status StackGlobal(PickleMachine& machine, int) {
  absl::StatusOr<std::array<PickleValue, 2>> values = machine.Pop<2>();
  if (!values.ok()) return values.status();
  const std::string* const module = AsText((*values)[0]);
  const std::string* const name = AsText((*values)[1]);
  if (module == nullptr || name == nullptr) return absl::DataLossError("expected a module and a name, both str");
  return machine.Push(NewGlobal(machine, *module, *name));
}

absl::Status PushObject(PickleMachine& machine, const PickleValue& callable, const PickleValue& args,
                        const PickleValue& kwargs) {
  // Early versions of torch.save wrote the classes of modules as persistent objects.
  if (As<PickleGlobal>(callable) == nullptr && As<PickleObject>(callable) == nullptr &&
      As<PicklePersistent>(callable) == nullptr) {
    return UnexpectedValue("a function or a class", callable);
  }
  PickleTuple* const tuple = As<PickleTuple>(args);
  if (tuple == nullptr) return UnexpectedValue("a tuple of arguments", args);
  PickleObject* const object = machine.New<PickleObject>();
  object->callable = callable;
  object->args = tuple;
  object->kwargs = kwargs;
  return machine.Push(object);
}

// REDUCE and NEWOBJ: the stack has a function or a class, and its arguments.
absl::Status Call(PickleMachine& machine, int) {
  absl::StatusOr<std::array<PickleValue, 2>> values = machine.Pop<2>();
  if (!values.ok()) return values.status();
  return PushObject(machine, (*values)[0], (*values)[1], PickleNone{});
}

absl::Status NewObjEx(PickleMachine& machine, int) {
  absl::StatusOr<std::array<PickleValue, 3>> values = machine.Pop<3>();
  if (!values.ok()) return values.status();
  if (As<PickleDict>((*values)[2]) == nullptr) return UnexpectedValue("a dict of keyword arguments", (*values)[2]);
  return PushObject(machine, (*values)[0], (*values)[1], (*values)[2]);
}

absl::Status PushInstance(PickleMachine& machine, const PickleValue& type, std::vector<PickleValue> args) {
  PickleTuple* const tuple = machine.New<PickleTuple>();
  tuple->items = std::move(args);
  machine.ChargeElements(tuple->items.size());
  return PushObject(machine, type, tuple, PickleNone{});
}

absl::Status Inst(PickleMachine& machine, int) {
  absl::StatusOr<PickleGlobal*> global = ReadGlobalLines(machine);
  if (!global.ok()) return global.status();
  absl::StatusOr<std::vector<PickleValue>> args = machine.PopToMark();
  if (!args.ok()) return args.status();
  return PushInstance(machine, *global, *std::move(args));
}

absl::Status Obj(PickleMachine& machine, int) {
  absl::StatusOr<std::vector<PickleValue>> values = machine.PopToMark();
  if (!values.ok()) return values.status();
  if (values->empty()) return absl::DataLossError("expected a class on the stack, found none");
  return PushInstance(machine, values->front(), std::vector<PickleValue>(values->begin() + 1, values->end()));
}

absl::Status Build(PickleMachine& machine, int) {
  absl::StatusOr<PickleValue> state = machine.Pop();
  if (!state.ok()) return state.status();
  if (absl::Status status = machine.Require(1); !status.ok()) return status;
  PickleObject* const object = As<PickleObject>(machine.top());
  if (object == nullptr) return UnexpectedValue("an object to set the state of", machine.top());
  object->states.push_back(*state);
  machine.ChargeElements(1);
  return absl::OkStatus();
}

absl::Status PushPersistent(PickleMachine& machine, const PickleValue& id) {
  PicklePersistent* const persistent = machine.New<PicklePersistent>();
  persistent->id = id;
  machine.ChargeElements(1);
  machine.persistent.push_back(persistent);
  return machine.Push(persistent);
}

absl::Status PersistentLine(PickleMachine& machine, int) {
  absl::StatusOr<std::string> line = machine.ReadLine();
  if (!line.ok()) return line.status();
  PickleString* const id = machine.New<PickleString>();
  id->text = *std::move(line);
  machine.Charge(id->text.capacity());
  return PushPersistent(machine, id);
}

absl::Status PersistentFromStack(PickleMachine& machine, int) {
  absl::StatusOr<PickleValue> id = machine.Pop();
  return id.ok() ? PushPersistent(machine, *id) : id.status();
}

absl::Status Extension(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> code = machine.ReadUnsigned(width);
  if (!code.ok()) return code.status();
  return absl::DataLossError(absl::StrCat("expected no extension codes, found ", *code,
                                          ", which has a meaning only in the program that wrote it"));
}

absl::Status OutOfBandBuffer(PickleMachine&, int) {
  return absl::UnimplementedError("the pickle has data in out-of-band buffers, which are not in the file");
}

}  // namespace

void AddObjectOpcodes(PickleOpcodes& opcodes) {
  opcodes['c'] = {GlobalLines};
  opcodes[0x93] = {StackGlobal};
  opcodes['R'] = {Call};
  opcodes[0x81] = {Call};
  opcodes[0x92] = {NewObjEx};
  opcodes['i'] = {Inst};
  opcodes['o'] = {Obj};
  opcodes['b'] = {Build};
  opcodes['P'] = {PersistentLine};
  opcodes['Q'] = {PersistentFromStack};
  opcodes[0x82] = {Extension, 1};
  opcodes[0x83] = {Extension, 2};
  opcodes[0x84] = {Extension, 4};
  opcodes[0x97] = {OutOfBandBuffer};
  opcodes[0x98] = {OutOfBandBuffer};
}

}  // namespace metaconv
