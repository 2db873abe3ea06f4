#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/pickle/pickle_machine.h"
#include "checkpoint/pickle/pickle_opcodes.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {
namespace {

template <class Node>
absl::Status Empty(PickleMachine& machine, int) {
  return machine.Push(machine.New<Node>());
}

template <class Node>
absl::Status PushItems(PickleMachine& machine, absl::StatusOr<std::vector<PickleValue>> items) {
  if (!items.ok()) return items.status();
  Node* const node = machine.New<Node>();
  node->items = *std::move(items);
  machine.ChargeElements(node->items.size());
  return machine.Push(node);
}

absl::Status SmallTuple(PickleMachine& machine, int count) {
  return PushItems<PickleTuple>(machine, machine.Pop(static_cast<std::size_t>(count)));
}

template <class Node>
absl::Status FromMark(PickleMachine& machine, int) {
  return PushItems<Node>(machine, machine.PopToMark());
}

absl::Status AddItems(PickleMachine& machine, const std::vector<PickleValue>& keys_and_values, PickleItems& items) {
  if (keys_and_values.size() % 2 != 0) {
    return absl::DataLossError("expected a value for every key, found an odd number of values");
  }
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
    items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  }
  machine.ChargeElements(keys_and_values.size());
  return absl::OkStatus();
}

absl::Status DictFromMark(PickleMachine& machine, int) {
  absl::StatusOr<std::vector<PickleValue>> values = machine.PopToMark();
  if (!values.ok()) return values.status();
  PickleDict* const dict = machine.New<PickleDict>();
  if (absl::Status status = AddItems(machine, *values, dict->items); !status.ok()) return status;
  return machine.Push(dict);
}

absl::Status AppendTo(PickleMachine& machine, absl::StatusOr<std::vector<PickleValue>> values) {
  if (!values.ok()) return values.status();
  if (absl::Status status = machine.Require(1); !status.ok()) return status;
  std::vector<PickleValue>* items = nullptr;
  if (PickleList* const list = As<PickleList>(machine.top())) items = &list->items;
  if (PickleSet* const set = As<PickleSet>(machine.top())) items = &set->items;
  if (PickleObject* const object = As<PickleObject>(machine.top())) items = &object->appended;
  if (items == nullptr) return UnexpectedValue("a list or a set to append to", machine.top());
  items->insert(items->end(), values->begin(), values->end());
  machine.ChargeElements(values->size());
  return absl::OkStatus();
}

absl::Status Append(PickleMachine& machine, int) { return AppendTo(machine, machine.Pop(1)); }

absl::Status Appends(PickleMachine& machine, int) { return AppendTo(machine, machine.PopToMark()); }

absl::Status SetItemsOf(PickleMachine& machine, absl::StatusOr<std::vector<PickleValue>> keys_and_values) {
  if (!keys_and_values.ok()) return keys_and_values.status();
  if (absl::Status status = machine.Require(1); !status.ok()) return status;
  PickleItems* items = nullptr;
  if (PickleDict* const dict = As<PickleDict>(machine.top())) items = &dict->items;
  if (PickleObject* const object = As<PickleObject>(machine.top())) items = &object->items;
  if (items == nullptr) return UnexpectedValue("a dict to set items of", machine.top());
  return AddItems(machine, *keys_and_values, *items);
}

absl::Status SetItem(PickleMachine& machine, int) { return SetItemsOf(machine, machine.Pop(2)); }

absl::Status SetItems(PickleMachine& machine, int) { return SetItemsOf(machine, machine.PopToMark()); }

}  // namespace

void AddContainerOpcodes(PickleOpcodes& opcodes) {
  opcodes[')'] = {Empty<PickleTuple>};
  opcodes['t'] = {FromMark<PickleTuple>};
  opcodes[0x85] = {SmallTuple, 1};
  opcodes[0x86] = {SmallTuple, 2};
  opcodes[0x87] = {SmallTuple, 3};
  opcodes[']'] = {Empty<PickleList>};
  opcodes['l'] = {FromMark<PickleList>};
  opcodes['a'] = {Append};
  opcodes['e'] = {Appends};
  opcodes[0x8f] = {Empty<PickleSet>};
  opcodes[0x90] = {Appends};
  opcodes[0x91] = {FromMark<PickleSet>};
  opcodes['}'] = {Empty<PickleDict>};
  opcodes['d'] = {DictFromMark};
  opcodes['s'] = {SetItem};
  opcodes['u'] = {SetItems};
}

}  // namespace metaconv
