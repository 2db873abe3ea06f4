#include "checkpoint/torch/refuse_commands.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/utf8.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/torch/torch_globals.h"

namespace metaconv {
namespace {

// The forbidden function that is called, directly or as the first argument of a function that calls it; null if none
// is.
const PickleGlobal* ForbiddenCall(const PickleObject& object) {
  const PickleGlobal* const callable = GlobalOf(object.callable);
  if (callable == nullptr) return nullptr;
  if (MeaningOfCall(*callable) == CallMeaning::kForbidden) return callable;
  if (!Is(*callable, "torch._tensor", "_rebuild_from_type") &&
      !Is(*callable, "torch._tensor", "_rebuild_from_type_v2")) {
    return nullptr;
  }
  const PickleGlobal* const inner = object.args->items.empty() ? nullptr : GlobalOf(object.args->items[0]);
  return inner != nullptr && MeaningOfCall(*inner) == CallMeaning::kForbidden ? inner : nullptr;
}

}  // namespace

absl::Status RefuseCommands(const PickleHeap& heap) {
  for (const PickleObject& object : heap.objects()) {
    if (const PickleGlobal* const forbidden = ForbiddenCall(object)) {
      return absl::InvalidArgumentError(absl::StrCat("offset ", object.offset, ": the pickle calls ",
                                                     EscapeInvalidUtf8(forbidden->FullName()),
                                                     ", which no checkpoint needs; it was not executed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace metaconv
