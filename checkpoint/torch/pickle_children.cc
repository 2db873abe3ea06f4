#include "checkpoint/torch/pickle_children.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/torch/torch_globals.h"

namespace metaconv {
namespace {

// The dicts of an nn.Module whose names are not part of the names of its parameters.
constexpr std::array<std::string_view, 3> kTransparentAttributes = {"_parameters", "_buffers", "_modules"};

bool MayHoldSomething(const PickleValue& value) {
  return As<PickleTuple>(value) != nullptr || As<PickleList>(value) != nullptr || As<PickleDict>(value) != nullptr ||
         As<PickleObject>(value) != nullptr || As<PickleGlobal>(value) != nullptr ||
         As<PicklePersistent>(value) != nullptr;
}

void Add(std::string_view prefix, PickleValue label, const PickleValue& value, PickleChildren& out) {
  ++out.scanned;
  if (MayHoldSomething(value)) out.items.push_back({prefix, label, value});
}

void AddSequence(std::string_view prefix, const std::vector<PickleValue>& items, PickleChildren& out) {
  for (std::size_t i = 0; i < items.size(); ++i) Add(prefix, static_cast<std::int64_t>(i), items[i], out);
}

// Finds keys of the same type that are equal in Python.
class KeyPositions {
 public:
  explicit KeyPositions(std::size_t count) { texts_.reserve(count); }

  // The position of an equal key that was added before, or `position`.
  std::size_t Add(const PickleValue& key, std::size_t position) {
    if (const std::string* const text = AsText(key)) return texts_.try_emplace(*text, position).first->second;
    return others_.try_emplace(absl::StrCat(key.index(), ":", KeyText(key)), position).first->second;
  }

 private:
  absl::flat_hash_map<absl::string_view, std::size_t> texts_;  // Borrows from the keys.
  absl::flat_hash_map<std::string, std::size_t> others_;
};

PickleItems WithoutRepeatedKeys(const PickleItems& items) {
  PickleItems result;
  result.reserve(items.size());
  KeyPositions positions(items.size());
  for (const auto& [key, value] : items) {
    const std::size_t position = positions.Add(key, result.size());
    if (position == result.size()) {
      result.emplace_back(key, value);
    } else {
      result[position].second = value;
    }
  }
  return result;
}

void AddDict(const PickleItems& items, PickleChildren& out) {
  for (const auto& [key, value] : WithoutRepeatedKeys(items)) Add("", key, value, out);
}

// Appends the items in an argument of a dict's constructor: another dict, or a list of pairs.
void AppendItemsOf(const PickleValue& argument, PickleItems& out) {
  if (const PickleDict* const dict = As<PickleDict>(argument)) {
    out.insert(out.end(), dict->items.begin(), dict->items.end());
    return;
  }
  const PickleList* const list = As<PickleList>(argument);
  if (list == nullptr) return;
  for (const PickleValue& pair : list->items) {
    const PickleTuple* const as_tuple = As<PickleTuple>(pair);
    const PickleList* const as_list = As<PickleList>(pair);
    if (as_tuple != nullptr && as_tuple->items.size() == 2) out.emplace_back(as_tuple->items[0], as_tuple->items[1]);
    if (as_list != nullptr && as_list->items.size() == 2) out.emplace_back(as_list->items[0], as_list->items[1]);
  }
}

PickleItems ItemsOfDictObject(const PickleObject& object) {
  PickleItems items;
  for (const PickleValue& argument : object.args->items) AppendItemsOf(argument, items);
  items.insert(items.end(), object.items.begin(), object.items.end());
  return items;
}

// The items of a dict, or of a dict that a call makes; absent for other values.
std::optional<PickleItems> ItemsOf(const PickleValue& value) {
  if (const PickleDict* const dict = As<PickleDict>(value)) return dict->items;
  const PickleObject* const object = As<PickleObject>(value);
  const PickleGlobal* const global = object == nullptr ? nullptr : GlobalOf(object->callable);
  if (global == nullptr || MeaningOfCall(*global) != CallMeaning::kDict) return std::nullopt;
  return ItemsOfDictObject(*object);
}

// The attributes that a state sets: a dict, or a tuple of two dicts or Nones. Absent for states of another form.
std::optional<PickleItems> AttributesOf(const PickleValue& state) {
  const PickleTuple* const pair = As<PickleTuple>(state);
  if (pair == nullptr || pair->items.size() != 2) {
    return std::holds_alternative<PickleNone>(state) ? std::optional<PickleItems>(std::in_place) : ItemsOf(state);
  }
  PickleItems attributes;
  for (const PickleValue& part : pair->items) {
    if (std::holds_alternative<PickleNone>(part)) continue;
    const std::optional<PickleItems> items = ItemsOf(part);
    if (!items.has_value()) return std::nullopt;
    attributes.insert(attributes.end(), items->begin(), items->end());
  }
  return attributes;
}

bool IsTransparent(const PickleValue& key, const PickleValue& value) {
  const std::string* const name = AsText(key);
  if (name == nullptr) return false;
  for (const std::string_view transparent : kTransparentAttributes) {
    if (*name == transparent) return ItemsOf(value).has_value();
  }
  return false;
}

void AddAttributes(const PickleItems& attributes, PickleChildren& out) {
  const PickleItems unique = WithoutRepeatedKeys(attributes);
  for (const std::string_view transparent : kTransparentAttributes) {
    for (const auto& [key, value] : unique) {
      if (AsText(key) != nullptr && *AsText(key) == transparent && IsTransparent(key, value))
        AddDict(*ItemsOf(value), out);
    }
  }
  for (const auto& [key, value] : unique) {
    if (!IsTransparent(key, value)) Add("", key, value, out);
  }
}

// Attributes come first, whatever the order of the states. The parts of a state of another form are named "state".
void AddStates(const std::vector<PickleValue>& states, PickleChildren& out) {
  PickleItems attributes;
  for (const PickleValue& state : states) {
    if (const std::optional<PickleItems> items = AttributesOf(state)) {
      attributes.insert(attributes.end(), items->begin(), items->end());
    }
  }
  AddAttributes(attributes, out);
  for (const PickleValue& state : states) {
    if (!AttributesOf(state).has_value()) Add("state", PickleNone{}, state, out);
  }
}

}  // namespace

PickleChildren ChildrenOfSequence(const std::vector<PickleValue>& items) {
  PickleChildren children;
  AddSequence("", items, children);
  return children;
}

PickleChildren ChildrenOfDict(const PickleItems& items) {
  PickleChildren children;
  AddDict(items, children);
  return children;
}

PickleChildren ChildrenOfDictObject(const PickleObject& object) {
  PickleChildren children = ChildrenOfDict(ItemsOfDictObject(object));
  AddStates(object.states, children);
  return children;
}

PickleChildren ChildrenOfSequenceObject(const PickleObject& object) {
  std::vector<PickleValue> items;
  for (const PickleValue& argument : object.args->items) {
    if (const PickleTuple* const tuple = As<PickleTuple>(argument)) items = tuple->items;
    if (const PickleList* const list = As<PickleList>(argument)) items = list->items;
  }
  items.insert(items.end(), object.appended.begin(), object.appended.end());
  return ChildrenOfSequence(items);
}

PickleChildren ChildrenOfInstance(const PickleObject& object, const std::vector<PickleValue>& args,
                                  const std::vector<PickleValue>& states) {
  PickleChildren children;
  AddSequence("args", args, children);
  if (const PickleDict* const kwargs = As<PickleDict>(object.kwargs)) {
    std::size_t index = args.size();
    for (const auto& [key, value] : kwargs->items) {
      Add("args", static_cast<std::int64_t>(index), value, children);
      ++index;
    }
  }
  if (As<PickleObject>(object.callable) != nullptr) Add("callable", PickleNone{}, object.callable, children);
  AddSequence("", object.appended, children);
  AddDict(object.items, children);
  AddStates(states, children);
  return children;
}

bool HasAttributes(const PickleObject& object) {
  for (const PickleValue& state : object.states) {
    const std::optional<PickleItems> attributes = AttributesOf(state);
    if (attributes.has_value() && !attributes->empty()) return true;
  }
  return false;
}

}  // namespace metaconv
