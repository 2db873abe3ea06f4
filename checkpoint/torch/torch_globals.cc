#include "checkpoint/torch/torch_globals.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/torch/torch_types.h"

namespace metaconv {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kModuleNames = {{
    {"__builtin__", "builtins"},
    {"copy_reg", "copyreg"},
    {"torch.tensor", "torch._tensor"},
}};

struct KnownCall {
  std::string_view module;
  std::string_view name;  // "*": all of the module.
  CallMeaning meaning;
};

constexpr KnownCall kKnownCalls[] = {
    {"collections", "OrderedDict", CallMeaning::kDict},
    {"collections", "defaultdict", CallMeaning::kDict},
    {"builtins", "dict", CallMeaning::kDict},
    {"builtins", "list", CallMeaning::kSequence},
    {"builtins", "tuple", CallMeaning::kSequence},
    {"torch", "Size", CallMeaning::kSequence},
    {"builtins", "set", CallMeaning::kPlain},
    {"builtins", "frozenset", CallMeaning::kPlain},
    {"builtins", "bool", CallMeaning::kPlain},
    {"builtins", "int", CallMeaning::kPlain},
    {"builtins", "float", CallMeaning::kPlain},
    {"builtins", "complex", CallMeaning::kPlain},
    {"builtins", "str", CallMeaning::kPlain},
    {"builtins", "bytes", CallMeaning::kPlain},
    {"builtins", "bytearray", CallMeaning::kPlain},
    {"_codecs", "encode", CallMeaning::kPlain},
    {"torch", "device", CallMeaning::kPlain},
    {"torch.serialization", "_get_layout", CallMeaning::kPlain},
    {"torch.jit._pickle", "build_intlist", CallMeaning::kFirstArgument},
    {"torch.jit._pickle", "build_boollist", CallMeaning::kFirstArgument},
    {"torch.jit._pickle", "build_doublelist", CallMeaning::kFirstArgument},
    {"torch.jit._pickle", "build_tensorlist", CallMeaning::kFirstArgument},
    {"torch.jit._pickle", "build_tensor_from_id", CallMeaning::kFirstArgument},
    {"torch.jit._pickle", "restore_type_tag", CallMeaning::kFirstArgument},
    {"copyreg", "_reconstructor", CallMeaning::kReconstructor},
    {"builtins", "eval", CallMeaning::kForbidden},
    {"builtins", "exec", CallMeaning::kForbidden},
    {"builtins", "execfile", CallMeaning::kForbidden},
    {"builtins", "compile", CallMeaning::kForbidden},
    {"builtins", "__import__", CallMeaning::kForbidden},
    {"builtins", "open", CallMeaning::kForbidden},
    {"builtins", "breakpoint", CallMeaning::kForbidden},
    {"os", "*", CallMeaning::kForbidden},
    {"posix", "*", CallMeaning::kForbidden},
    {"nt", "*", CallMeaning::kForbidden},
    {"sys", "*", CallMeaning::kForbidden},
    {"subprocess", "*", CallMeaning::kForbidden},
    {"commands", "*", CallMeaning::kForbidden},
    {"pty", "*", CallMeaning::kForbidden},
    {"runpy", "*", CallMeaning::kForbidden},
    {"shutil", "*", CallMeaning::kForbidden},
    {"socket", "*", CallMeaning::kForbidden},
    {"importlib", "*", CallMeaning::kForbidden},
    {"webbrowser", "*", CallMeaning::kForbidden},
    {"ctypes", "*", CallMeaning::kForbidden},
};

constexpr std::string_view kQuantizationSchemes[] = {
    "per_tensor_affine",
    "per_channel_affine",
    "per_tensor_symmetric",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
};

constexpr std::string_view kMemoryFormats[] = {
    "contiguous_format",
    "channels_last",
    "channels_last_3d",
    "preserve_format",
};

}  // namespace

std::string_view CurrentModule(std::string_view module) {
  for (const auto& [former, current] : kModuleNames) {
    if (module == former) return current;
  }
  return module;
}

bool Is(const PickleGlobal& global, std::string_view module, std::string_view name) {
  return global.name == name && CurrentModule(global.module) == module;
}

CallMeaning MeaningOfCall(const PickleGlobal& callable) {
  const std::string_view module = CurrentModule(callable.module);
  for (const KnownCall& known : kKnownCalls) {
    if (known.module == module && (known.name == callable.name || known.name == "*")) return known.meaning;
  }
  return CallMeaning::kOpaque;
}

bool IsPlainGlobal(const PickleGlobal& global) {
  if (StorageClassDtype(global.name).has_value()) return true;
  if (global.module != "torch") return false;
  for (const std::string_view name : kQuantizationSchemes) {
    if (global.name == name) return true;
  }
  for (const std::string_view name : kMemoryFormats) {
    if (global.name == name) return true;
  }
  return DtypeNamed(global.name).has_value();
}

const PickleGlobal* GlobalOf(const PickleValue& value) {
  if (const PickleGlobal* const global = As<PickleGlobal>(value)) return global;
  const PicklePersistent* const persistent = As<PicklePersistent>(value);
  if (persistent == nullptr) return nullptr;
  // ("module", class, file, source) in the legacy format, (class, file, source) in the tar format.
  const PickleTuple* const id = As<PickleTuple>(persistent->id);
  if (id == nullptr || id->items.empty()) return nullptr;
  if (const PickleGlobal* const global = As<PickleGlobal>(id->items[0])) return global;
  const std::string* const kind = AsText(id->items[0]);
  return kind != nullptr && *kind == "module" && id->items.size() >= 2 ? As<PickleGlobal>(id->items[1]) : nullptr;
}

}  // namespace metaconv
