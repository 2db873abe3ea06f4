#include "tests/testing/recipe_values.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "ATen/ScalarOps.h"
#include "ATen/core/List.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/MemoryFormat.h"
#include "c10/core/Scalar.h"
#include "c10/core/ScalarType.h"
#include "c10/util/Exception.h"
#include "meta/python_repr.h"
#include "meta/torch_status.h"
#include "tests/testing/literal_tensor.h"

namespace metaconv {
namespace {

using c10::IValue;
using c10::TypeKind;
using Json = nlohmann::ordered_json;

// One argument, with the context for its conversion.
struct Context {
  const c10::Argument& argument;
  FindTensor find;
};

IValue Convert(const Json& value, const c10::Type& type, const Context& context);

[[noreturn]] void Mismatch(std::string_view expected, const Json& value) {
  TORCH_CHECK_VALUE(false, "expected ", std::string(expected), ", found ", value.dump());
}

// TEXT in {"dtype": TEXT} and similar objects.
const std::string& TextIn(const Json& value, const char* key) {
  if (!value.is_object() || value.size() != 1 || !value.contains(key) || !value[key].is_string()) {
    Mismatch(std::string("{\"") + key + "\": …}", value);
  }
  return value[key].get_ref<const std::string&>();
}

bool HasKey(const Json& value, const char* key) { return value.is_object() && value.contains(key); }

template <typename T>
T Lookup(const std::map<std::string, T>& table, const std::string& name, const char* what) {
  const auto found = table.find(name);
  TORCH_CHECK_VALUE(found != table.end(), "expected a ", what, ", found \"", name, "\"");
  return found->second;
}

// "float32" of "torch.float32".
std::string WithoutModule(const std::string& repr) { return repr.substr(repr.find('.') + 1); }

c10::ScalarType Dtype(const std::string& name) {
  static const auto& dtypes = *[] {
    auto* dtypes = new std::map<std::string, c10::ScalarType>();
    for (int i = 0; i < static_cast<int>(c10::ScalarType::Undefined); ++i) {
      const auto dtype = static_cast<c10::ScalarType>(i);
      dtypes->emplace(WithoutModule(PythonRepr(dtype)), dtype);
    }
    return dtypes;
  }();
  return Lookup(dtypes, name, "dtype");
}

c10::Layout LayoutOf(const std::string& name) {
  static const auto& layouts = *[] {
    auto* layouts = new std::map<std::string, c10::Layout>();
    for (int i = 0; i < static_cast<int>(c10::Layout::NumOptions); ++i) {
      const auto layout = static_cast<c10::Layout>(i);
      layouts->emplace(WithoutModule(PythonRepr(layout)), layout);
    }
    return layouts;
  }();
  return Lookup(layouts, name, "layout");
}

c10::MemoryFormat MemoryFormatOf(const std::string& name) {
  static const auto& formats = *new std::map<std::string, c10::MemoryFormat>{
      {"contiguous_format", c10::MemoryFormat::Contiguous},
      {"preserve_format", c10::MemoryFormat::Preserve},
      {"channels_last", c10::MemoryFormat::ChannelsLast},
      {"channels_last_3d", c10::MemoryFormat::ChannelsLast3d},
  };
  return Lookup(formats, name, "memory format");
}

at::Tensor Literal(const Json& value) {
  std::optional<c10::ScalarType> dtype;
  for (const auto& [key, field] : value.items()) {
    if (key == "tensor") continue;
    if (key != "dtype" || !field.is_string()) Mismatch("{\"tensor\": …, \"dtype\": …}", value);
    dtype = Dtype(field.get_ref<const std::string&>());
  }
  return LiteralTensor(value["tensor"], dtype);
}

c10::Scalar ScalarOf(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  Mismatch("a number", value);
}

IValue ToTensor(const Json& value, const c10::Type&, const Context& context) {
  if (HasKey(value, "tensor")) return Literal(value);
  if (value.is_number()) {
    // As in Python, where `aten.add.Tensor(x, 1)` is valid.
    at::Tensor number = c10::scalar_to_tensor(ScalarOf(value));
    number.unsafeGetTensorImpl()->set_wrapped_number(true);
    return number;
  }
  return context.find(TextIn(value, "t"));
}

IValue ToInt(const Json& value, const c10::Type&, const Context&) {
  if (value.is_boolean()) return static_cast<std::int64_t>(value.get<bool>());
  if (!value.is_number_integer()) Mismatch("an integer", value);
  return value.get<std::int64_t>();
}

IValue ToFloat(const Json& value, const c10::Type&, const Context&) {
  if (!value.is_number()) Mismatch("a number", value);
  return value.get<double>();
}

IValue ToBool(const Json& value, const c10::Type&, const Context&) {
  if (value.is_number_integer()) return value.get<std::int64_t>() != 0;
  if (!value.is_boolean()) Mismatch("a boolean", value);
  return value.get<bool>();
}

IValue ToScalar(const Json& value, const c10::Type&, const Context&) { return ScalarOf(value); }

IValue ToText(const Json& value, const c10::Type&, const Context&) {
  if (!value.is_string()) Mismatch("a string", value);
  return value.get<std::string>();
}

IValue ToDtype(const Json& value, const c10::Type&, const Context&) { return Dtype(TextIn(value, "dtype")); }
IValue ToLayout(const Json& value, const c10::Type&, const Context&) { return LayoutOf(TextIn(value, "layout")); }
IValue ToMemoryFormat(const Json& value, const c10::Type&, const Context&) {
  return MemoryFormatOf(TextIn(value, "memory_format"));
}
IValue ToDevice(const Json& value, const c10::Type&, const Context&) { return c10::Device(TextIn(value, "device")); }

IValue ToStorage(const Json& value, const c10::Type&, const Context& context) {
  return context.find(TextIn(value, "storage")).storage();
}

IValue ToOptional(const Json& value, const c10::Type& type, const Context& context) {
  if (value.is_null()) return IValue();
  return Convert(value, *type.expectRef<c10::OptionalType>().getElementType(), context);
}

// Converts {"ts": ["a", null]} to [{"t": "a"}, null].
Json ElementsOf(const Json& value) {
  if (!HasKey(value, "ts")) return value;
  if (value.size() != 1 || !value["ts"].is_array()) Mismatch("{\"ts\": [NAME…]}", value);
  Json elements = Json::array();
  for (const Json& name : value["ts"]) elements.push_back(name.is_null() ? name : Json{{"t", name}});
  return elements;
}

IValue ToList(const Json& value, const c10::Type& type, const Context& context) {
  const c10::TypePtr& element_type = type.expectRef<c10::ListType>().getElementType();
  // The dispatcher accepts plain integers for symbolic integers.
  const bool is_symbolic = element_type->kind() == TypeKind::SymIntType;
  c10::impl::GenericList list(is_symbolic ? c10::TypePtr(c10::IntType::get()) : element_type);
  if (value.is_number() && context.argument.N().has_value()) {
    for (int i = 0; i < *context.argument.N(); ++i) list.push_back(Convert(value, *element_type, context));
    return list;
  }
  const Json elements = ElementsOf(value);
  if (!elements.is_array()) Mismatch("an array", value);
  for (const Json& element : elements) list.push_back(Convert(element, *element_type, context));
  return list;
}

IValue Convert(const Json& value, const c10::Type& type, const Context& context) {
  using Converter = IValue (*)(const Json&, const c10::Type&, const Context&);
  static const auto& converters = *new std::map<TypeKind, Converter>{
      {TypeKind::TensorType, ToTensor},     {TypeKind::ListType, ToList},
      {TypeKind::OptionalType, ToOptional}, {TypeKind::IntType, ToInt},
      {TypeKind::SymIntType, ToInt},        {TypeKind::FloatType, ToFloat},
      {TypeKind::BoolType, ToBool},         {TypeKind::NumberType, ToScalar},
      {TypeKind::StringType, ToText},       {TypeKind::ScalarTypeType, ToDtype},
      {TypeKind::LayoutType, ToLayout},     {TypeKind::MemoryFormatType, ToMemoryFormat},
      {TypeKind::DeviceObjType, ToDevice},  {TypeKind::StorageType, ToStorage},
  };
  const auto converter = converters.find(type.kind());
  if (converter == converters.end()) Mismatch("null: recipes have no values of type " + type.str(), value);
  return converter->second(value, type, context);
}

IValue ConvertArgument(const Json& value, const c10::Argument& argument, FindTensor find) {
  absl::StatusOr<IValue> converted = CatchTorch("argument '" + argument.name() + "'", [&] {
    return Convert(value, *argument.real_type(), {argument, find});
  });
  TORCH_CHECK_VALUE(converted.ok(), std::string(converted.status().message()));
  return *std::move(converted);
}

}  // namespace

torch::jit::Stack RecipeArguments(const c10::FunctionSchema& schema, const Json& args, const Json& kwargs,
                                  FindTensor find) {
  if (!args.is_array() && !args.is_null()) Mismatch("an array of args", args);
  if (!kwargs.is_object() && !kwargs.is_null()) Mismatch("an object of kwargs", kwargs);
  torch::jit::Stack stack;
  std::size_t used_args = 0;
  std::size_t used_kwargs = 0;
  for (const c10::Argument& argument : schema.arguments()) {
    if (!argument.kwarg_only() && used_args < args.size()) {
      TORCH_CHECK_VALUE(!HasKey(kwargs, argument.name().c_str()), "argument '", argument.name(), "' is given twice");
      stack.push_back(ConvertArgument(args[used_args++], argument, find));
    } else if (HasKey(kwargs, argument.name().c_str())) {
      stack.push_back(ConvertArgument(kwargs[argument.name()], argument, find));
      ++used_kwargs;
    } else {
      TORCH_CHECK_VALUE(argument.default_value().has_value(), "expected argument '", argument.name(),
                        "', which has no default; the schema is ", schema);
      stack.push_back(*argument.default_value());
    }
  }
  TORCH_CHECK_VALUE(used_args == args.size(), "expected at most ", used_args, " args, found ", args.size(),
                    "; the schema is ", schema);
  TORCH_CHECK_VALUE(used_kwargs == kwargs.size(), "a name in ", kwargs.dump(), " is none of the schema's: ", schema);
  return stack;
}

}  // namespace metaconv
