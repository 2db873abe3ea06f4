#include "checkpoint/torch/call_arguments.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/torch/torch_globals.h"
#include "checkpoint/torch/torch_types.h"
#include "meta/from_python_repr.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// The items of a tuple, list or torch.Size; null for other values.
const std::vector<PickleValue>* SequenceItems(const PickleValue& value) {
  if (const PickleTuple* const tuple = As<PickleTuple>(value)) return &tuple->items;
  if (const PickleList* const list = As<PickleList>(value)) return &list->items;
  const PickleObject* const object = As<PickleObject>(value);
  if (object == nullptr || object->args->items.size() != 1) return nullptr;
  const PickleGlobal* const global = GlobalOf(object->callable);
  if (global == nullptr || !Is(*global, "torch", "Size")) return nullptr;
  const PickleTuple* const tuple = As<PickleTuple>(object->args->items[0]);
  return tuple == nullptr ? nullptr : &tuple->items;
}

std::string Wanted(std::string_view name, std::string_view kind) {
  return absl::StrCat(std::string(name), " as ", std::string(kind));
}

}  // namespace

absl::Status CallArguments::RequireCount(std::size_t least, std::size_t most) const {
  if (count() >= least && count() <= most) return absl::OkStatus();
  return Located(absl::DataLossError(absl::StrCat("expected ", least, " to ", most, " arguments, found ", count())));
}

absl::StatusOr<std::int64_t> CallArguments::Int(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  if (const std::int64_t* const number = std::get_if<std::int64_t>(&value)) return *number;
  return Expected(Wanted(name, "an int"), value);
}

absl::StatusOr<bool> CallArguments::Bool(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  if (const bool* const truth = std::get_if<bool>(&value)) return *truth;
  return Expected(Wanted(name, "a bool"), value);
}

absl::StatusOr<const PickleTuple*> CallArguments::Tuple(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  if (const PickleTuple* const tuple = As<PickleTuple>(value)) return tuple;
  return Expected(Wanted(name, "a tuple"), value);
}

absl::StatusOr<c10::ScalarType> CallArguments::Dtype(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  const PickleGlobal* const global = As<PickleGlobal>(value);
  if (global != nullptr && global->module == "torch") {
    if (const std::optional<c10::ScalarType> dtype = DtypeNamed(global->name)) return *dtype;
  }
  return Expected(Wanted(name, "a dtype"), value);
}

absl::StatusOr<c10::Layout> CallArguments::Layout(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  const PickleObject* const object = As<PickleObject>(value);
  const PickleGlobal* const global = object == nullptr ? nullptr : GlobalOf(object->callable);
  if (global != nullptr && Is(*global, "torch.serialization", "_get_layout") && object->args->items.size() == 1) {
    const std::string* const text = AsText(object->args->items[0]);
    const std::optional<c10::Layout> layout = text == nullptr ? std::nullopt : LayoutFromPythonRepr(*text);
    if (layout.has_value()) return *layout;
  }
  return Expected(Wanted(name, "a layout"), value);
}

absl::StatusOr<const std::string*> CallArguments::Text(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  if (const std::string* const text = AsText(value)) return text;
  return Expected(Wanted(name, "a str"), value);
}

absl::StatusOr<Sizes> CallArguments::Ints(std::size_t i, std::string_view name) const {
  const PickleValue value = Value(i);
  const std::vector<PickleValue>* const items = SequenceItems(value);
  if (items == nullptr) return Expected(Wanted(name, "a tuple of ints"), value);
  if (items->size() > kLimits.dimensions) {
    return Located(absl::ResourceExhaustedError(
        absl::StrCat("expected at most ", kLimits.dimensions, " dimensions, found ", items->size())));
  }
  Sizes ints;
  ints.reserve(items->size());
  for (const PickleValue& item : *items) {
    const std::int64_t* const number = std::get_if<std::int64_t>(&item);
    if (number == nullptr) return Expected(Wanted(name, "a tuple of ints"), item);
    ints.push_back(*number);
  }
  return ints;
}

absl::Status CallArguments::Expected(std::string_view wanted, const PickleValue& found) const {
  return Located(absl::DataLossError(absl::StrCat("expected ", std::string(wanted), ", found ", DescribeKind(found))));
}

absl::Status CallArguments::Located(const absl::Status& status) const {
  return WithContext(absl::StrCat("offset ", offset_, ": ", callable_.FullName()), status);
}

}  // namespace metaconv
