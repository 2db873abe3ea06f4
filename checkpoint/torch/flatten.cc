#include "checkpoint/torch/flatten.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/utf8.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/torch/pickle_children.h"
#include "checkpoint/torch/storage_table.h"
#include "checkpoint/torch/torch_globals.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {
namespace {

// Whether it is a class that the TorchScript code in the archive defines.
bool IsTorchScriptClass(const PickleGlobal& global) {
  return global.module == "__torch__" || global.module.starts_with("__torch__.");
}

// Whether it is a call that converts the tensor of another call to a Python class, its second argument.
bool IsRebuildFromType(const PickleObject& object, const PickleGlobal& global) {
  return (Is(global, "torch._tensor", "_rebuild_from_type_v2") || Is(global, "torch._tensor", "_rebuild_from_type")) &&
         object.args->items.size() == 4 && GlobalOf(object.args->items[1]) != nullptr &&
         As<PickleTuple>(object.args->items[2]) != nullptr;
}

bool IsParameterCall(const PickleGlobal& global) {
  return Is(global, "torch._utils", "_rebuild_parameter") ||
         Is(global, "torch._utils", "_rebuild_parameter_with_state");
}

}  // namespace

Flattener::Flattener(StorageTable& storages, const std::optional<c10::Device>& map_location, RecordMaker& records,
                     Checkpoint& checkpoint, const Limits& limits)
    : storages_(storages),
      records_(records),
      checkpoint_(checkpoint),
      limits_(limits),
      rebuilder_(storages, map_location) {}

absl::Status Flattener::Walk(std::string_view name, const PickleValue& value) {
  path_ = name;
  if (absl::Status status = Enter(value); !status.ok()) return status;
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (frame.next == frame.children.size()) {
      Leave();
      continue;
    }
    path_.resize(frame.path_length);
    const PickleChild child = frame.children[frame.next++];
    if (absl::Status status = Append(child); !status.ok()) return status;
    if (absl::Status status = Enter(child.value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Flattener::Enter(const PickleValue& unresolved) {
  const PickleValue value = Resolve(unresolved);
  if (steps_ > limits_.walk_steps) {
    return absl::ResourceExhaustedError(absl::StrCat("expected at most ", limits_.walk_steps,
                                                     " container items, counted under every name, found more"));
  }
  if (const PickleTuple* const tuple = As<PickleTuple>(value)) {
    return EnterContainer(tuple, [tuple] { return ChildrenOfSequence(tuple->items); });
  }
  if (const PickleList* const list = As<PickleList>(value)) {
    return EnterContainer(list, [list] { return ChildrenOfSequence(list->items); });
  }
  if (const PickleDict* const dict = As<PickleDict>(value)) {
    return EnterContainer(dict, [dict] { return ChildrenOfDict(dict->items); });
  }
  if (const PickleObject* const object = As<PickleObject>(value)) return EnterObject(*object);
  if (const PicklePersistent* const persistent = As<PicklePersistent>(value)) {
    if (const TensorSpec* const tensor = storages_.FindTensor(persistent)) return AddTensor(tensor, *tensor);
  }
  if (const PickleGlobal* const global = GlobalOf(value)) {
    return IsPlainGlobal(*global) ? absl::OkStatus() : AddOpaque(global->FullName());
  }
  return absl::OkStatus();
}

PickleValue Flattener::Resolve(PickleValue value) {
  while (true) {
    ++steps_;
    const PickleObject* const object = As<PickleObject>(value);
    const PickleGlobal* const global = object == nullptr ? nullptr : GlobalOf(object->callable);
    if (global == nullptr || object->args->items.empty()) return value;
    const bool stands_for_first = MeaningOfCall(*global) == CallMeaning::kFirstArgument ||
                                  (IsParameterCall(*global) && !rebuilder_.IsTensor(*object));
    if (!stands_for_first) return value;
    value = object->args->items[0];
  }
}

absl::Status Flattener::EnterObject(const PickleObject& object) {
  if (rebuilder_.IsTensor(object)) return EnterTensor(object);
  if (CutAt(&object)) return absl::OkStatus();
  const PickleGlobal* const global = GlobalOf(object.callable);
  const auto instance = [&object](const std::vector<PickleValue>& args, const std::vector<PickleValue>& states) {
    return [&object, &args, &states] { return ChildrenOfInstance(object, args, states); };
  };
  static const std::vector<PickleValue>& kNothing = *new std::vector<PickleValue>();
  if (global == nullptr) {
    // The function is itself the result of a call.
    if (absl::Status status = AddOpaque(KeyText(object.callable)); !status.ok()) return status;
    return EnterContainer(&object, instance(object.args->items, object.states));
  }
  if (IsRebuildFromType(object, *global)) {
    const std::vector<PickleValue>& args = object.args->items;
    if (absl::Status status = AddOpaque(GlobalOf(args[1])->FullName()); !status.ok()) return status;
    const std::vector<PickleValue> states = {args[3]};
    return EnterContainer(&object, instance(As<PickleTuple>(args[2])->items, states));
  }
  switch (MeaningOfCall(*global)) {
    case CallMeaning::kDict:
      return EnterContainer(&object, [&object] { return ChildrenOfDictObject(object); });
    case CallMeaning::kSequence:
      return EnterContainer(&object, [&object] { return ChildrenOfSequenceObject(object); });
    case CallMeaning::kPlain:
    case CallMeaning::kFirstArgument:
    case CallMeaning::kForbidden:
      return absl::OkStatus();
    case CallMeaning::kReconstructor: {
      // (class, base, state): the state is the argument of the base's constructor, unless the base is `object`.
      const std::vector<PickleValue>& args = object.args->items;
      const PickleGlobal* const type = args.size() == 3 ? GlobalOf(args[0]) : nullptr;
      if (type == nullptr) break;
      if (absl::Status status = AddOpaque(type->FullName()); !status.ok()) return status;
      const PickleGlobal* const base = GlobalOf(args[1]);
      const std::vector<PickleValue> base_state = {args[2]};
      const bool is_object = base != nullptr && Is(*base, "builtins", "object");
      return EnterContainer(&object, instance(is_object ? kNothing : base_state, object.states));
    }
    case CallMeaning::kOpaque:
      break;
  }
  // The modules of a TorchScript archive are not listed as opaque objects.
  if (!IsTorchScriptClass(*global) || !HasAttributes(object)) {
    if (absl::Status status = AddOpaque(global->FullName()); !status.ok()) return status;
  }
  return EnterContainer(&object, instance(object.args->items, object.states));
}

absl::Status Flattener::EnterTensor(const PickleObject& object) {
  TensorSpec spec;
  if (!described_.contains(&object)) {
    absl::StatusOr<TensorSpec> rebuilt = rebuilder_.Rebuild(object);
    if (!rebuilt.ok()) return rebuilt.status();
    spec = *std::move(rebuilt);
  }
  return AddTensor(&object, spec);
}

template <class MakeChildren>
absl::Status Flattener::EnterContainer(const void* container, const MakeChildren& children) {
  if (barren_.contains(container) || CutAt(container)) return absl::OkStatus();
  if (frames_.size() >= limits_.name_depth) {
    return absl::ResourceExhaustedError(
        absl::StrCat("expected at most ", limits_.name_depth, " levels of containers, found more"));
  }
  PickleChildren made = children();
  steps_ += made.scanned;
  open_.emplace(container, frames_.size());
  frames_.push_back({.container = container,
                     .children = std::move(made.items),
                     .next = 0,
                     .path_length = path_.size(),
                     .found_before = found(),
                     .outermost_cut = kNoCut});
  return absl::OkStatus();
}

bool Flattener::CutAt(const void* container) {
  const auto found = open_.find(container);
  if (found == open_.end()) return false;
  Frame& frame = frames_.back();
  frame.outermost_cut = std::min(frame.outermost_cut, found->second);
  return true;
}

void Flattener::Leave() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  open_.erase(frame.container);
  // No container outside it was found again inside it, so it has no tensors and objects under any other name either.
  if (frame.outermost_cut >= frames_.size() && found() == frame.found_before) barren_.insert(frame.container);
  if (!frames_.empty()) frames_.back().outermost_cut = std::min(frames_.back().outermost_cut, frame.outermost_cut);
}

absl::Status Flattener::Append(const PickleChild& child) {
  const auto append = [this](std::string_view element) {
    if (!path_.empty()) path_ += '.';
    path_ += EscapeInvalidUtf8(element);
  };
  if (!child.prefix.empty()) append(child.prefix);
  if (const std::string* const text = AsText(child.label)) {
    append(*text);
  } else if (!std::holds_alternative<PickleNone>(child.label) || child.prefix.empty()) {
    append(KeyText(child.label));
  }
  if (path_.size() <= limits_.path_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("expected names of at most ", limits_.path_bytes, " bytes, found a longer one"));
}

absl::Status Flattener::AddTensor(const void* identity, const TensorSpec& spec) {
  MetaTensorDescPtr& desc = described_[identity];
  if (desc == nullptr) desc = records_.Make(spec);
  absl::StatusOr<std::string> name = NewName(tensor_names_);
  if (!name.ok()) return name.status();
  checkpoint_.tensors.push_back({*std::move(name), desc});
  return absl::OkStatus();
}

absl::Status Flattener::AddOpaque(std::string type) {
  absl::StatusOr<std::string> name = NewName(opaque_names_);
  if (!name.ok()) return name.status();
  checkpoint_.opaque.push_back({*std::move(name), EscapeInvalidUtf8(type)});
  return absl::OkStatus();
}

absl::StatusOr<std::string> Flattener::NewName(absl::flat_hash_map<std::string, std::size_t>& taken) {
  std::string name = path_;
  const auto [requests, is_new] = taken.try_emplace(path_, 1);
  if (!is_new) {
    // The search for an unused number starts at the number of earlier requests, so that many equal names take linear
    // time.
    std::size_t count = requests->second + 1;
    while (taken.contains(name = absl::StrCat(path_, "#", count))) ++count;
    requests->second = count;
    taken.emplace(name, 1);
  }
  name_bytes_ += name.size();
  if (found() >= limits_.names || name_bytes_ > limits_.name_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("expected at most ", limits_.names, " names of ",
                                                     limits_.name_bytes, " bytes together, found ", found() + 1, " of ",
                                                     name_bytes_, " bytes"));
  }
  return name;
}

}  // namespace metaconv
