#include "kinds/operator_calls_json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "ATen/core/List.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/util/complex.h"
#include "meta/as_json.h"
#include "meta/torch_status.h"
#include "meta/utf8.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

// Far more than programs call on one tensor.
constexpr std::size_t kMaxCalls = 1000;

// --- Writing ---

// The text of a number that JSON does not have.
const char* DoubleText(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

Json DoubleJson(double value) {
  if (std::isfinite(value)) return value;
  return {{"double", DoubleText(value)}};
}

class ArgumentWriter {
 public:
  // Nullopt if the value has no JSON form.
  std::optional<Json> ToJson(const c10::IValue& value) {
    if (value.isNone()) return Json(nullptr);
    if (value.isTensor()) return Json{{"tensor", TensorJson(value.toTensor())}};
    if (value.isBool()) return Json(value.toBool());
    if (value.isInt()) return Json(value.toInt());
    if (value.isSymInt()) return SymIntJson(value.toSymInt());
    if (value.isDouble()) return DoubleJson(value.toDouble());
    if (value.isComplexDouble()) {
      const c10::complex<double> number = value.toComplexDouble();
      return Json{{"complex", Json::array({DoubleJson(number.real()), DoubleJson(number.imag())})}};
    }
    if (value.isDevice()) return Json{{"device", value.toDevice().str()}};
    if (value.isString()) return TextJson(value.toStringRef());
    return value.isList() ? ListJson(value) : std::nullopt;
  }

 private:
  static std::optional<Json> SymIntJson(const c10::SymInt& value) {
    const std::optional<std::int64_t> plain = value.maybe_as_int();
    return plain.has_value() ? std::optional<Json>(*plain) : std::nullopt;
  }

  static std::optional<Json> TextJson(const std::string& text) {
    return IsUtf8(text) ? std::optional<Json>(text) : std::nullopt;
  }

  Json TensorJson(const at::Tensor& tensor) { return tensor.defined() ? Json(next_tensor_++) : Json(nullptr); }

  std::optional<Json> ListJson(const c10::IValue& value) {
    Json list = Json::array();
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(TensorJson(tensor));
      return Json{{"tensors", std::move(list)}};
    }
    const bool is_optional = value.isOptionalTensorList();
    for (const c10::IValue& element : value.toListRef()) {
      // An undefined tensor in a list of optional tensors would be read as an absent one.
      if (is_optional && element.isTensor() && !element.toTensor().defined()) return std::nullopt;
      if (is_optional) {
        list.push_back(element.isTensor() ? TensorJson(element.toTensor()) : Json(nullptr));
        continue;
      }
      std::optional<Json> json = ToJson(element);
      if (!json.has_value()) return std::nullopt;
      list.push_back(*std::move(json));
    }
    if (value.isIntList() || value.isSymIntList()) return list;
    if (is_optional) return Json{{"optional_tensors", std::move(list)}};
    if (value.isDoubleList()) return Json{{"doubles", std::move(list)}};
    if (value.isBoolList()) return Json{{"booleans", std::move(list)}};
    if (value.toList().elementType()->kind() == c10::TypeKind::StringType) return Json{{"texts", std::move(list)}};
    return std::nullopt;
  }

  std::size_t next_tensor_ = 0;
};

// --- Reading ---

// Unlike in an ordered object, members are found by binary search, so the time does not grow with their square.
using ReadJson = nlohmann::json;

bool IsNestedAtMost(int depth, const ReadJson& json) {
  if (depth == 0) return false;
  return !json.is_structured() || std::all_of(json.begin(), json.end(), [depth](const ReadJson& inner) {
    return IsNestedAtMost(depth - 1, inner);
  });
}

absl::Status Unexpected(const std::string& expected, const ReadJson& json) {
  return absl::InvalidArgumentError(absl::StrCat(
      "expected ", expected, ", found ", json.is_structured() || json.is_string() ? json.type_name() : json.dump()));
}

class ArgumentReader {
 public:
  explicit ArgumentReader(absl::Span<const at::Tensor> tensors) : tensors_(tensors) {}

  bool has_read_all_tensors() const { return next_tensor_ == tensors_.size(); }

  absl::Status Read(const ReadJson& json, c10::IValue& value) {
    if (json.is_null()) {
      value = c10::IValue();
    } else if (json.is_boolean()) {
      value = json.get<bool>();
    } else if (json.is_number_integer()) {
      return Set<std::int64_t>(json, value);
    } else if (json.is_number_float()) {
      value = json.get<double>();
    } else if (json.is_string()) {
      value = json.get<std::string>();
    } else if (json.is_array()) {
      return SetList<std::int64_t>(json, value);
    } else {
      return ReadObject(json, value);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadObject(const ReadJson& json, c10::IValue& value) {
    if (json.size() != 1) return Unexpected("an object with one member", json);
    const std::string& type = json.begin().key();
    const ReadJson& content = json.begin().value();
    if (type == "tensor") return Set<at::Tensor>(content, value);
    if (type == "tensors") return SetList<at::Tensor>(content, value);
    if (type == "optional_tensors") return SetList<std::optional<at::Tensor>>(content, value);
    if (type == "double") return Set<double>(json, value);
    if (type == "doubles") return SetList<double>(content, value);
    if (type == "booleans") return SetList<bool>(content, value);
    if (type == "texts") return SetList<std::string>(content, value);
    if (type == "complex") return SetComplex(content, value);
    if (type == "device") return SetDevice(content, value);
    return absl::InvalidArgumentError("expected a known type of argument, found another one");
  }

  template <typename T>
  absl::Status Set(const ReadJson& json, c10::IValue& value) {
    T element{};
    absl::Status status = ReadElement(json, element);
    value = std::move(element);
    return status;
  }

  template <typename T>
  absl::Status SetList(const ReadJson& json, c10::IValue& value) {
    if (!json.is_array()) return Unexpected("a list", json);
    c10::List<T> list;
    for (const ReadJson& entry : json) {
      T element{};
      if (absl::Status status = ReadElement(entry, element); !status.ok()) return status;
      list.push_back(std::move(element));
    }
    value = std::move(list);
    return absl::OkStatus();
  }

  absl::Status SetComplex(const ReadJson& json, c10::IValue& value) {
    if (!json.is_array() || json.size() != 2) return Unexpected("two numbers", json);
    double real = 0;
    double imaginary = 0;
    absl::Status status = ReadElement(json[0], real);
    if (status.ok()) status = ReadElement(json[1], imaginary);
    value = c10::complex<double>(real, imaginary);
    return status;
  }

  absl::Status SetDevice(const ReadJson& json, c10::IValue& value) {
    if (!json.is_string()) return Unexpected("the name of a device", json);
    absl::StatusOr<c10::Device> device =
        CatchTorch("device", [&] { return c10::Device(json.get_ref<const std::string&>()); });
    if (!device.ok()) return Unexpected("the name of a device", json);
    value = *device;
    return absl::OkStatus();
  }

  absl::Status ReadElement(const ReadJson& json, bool& value) {
    if (!json.is_boolean()) return Unexpected("a boolean", json);
    value = json.get<bool>();
    return absl::OkStatus();
  }

  absl::Status ReadElement(const ReadJson& json, std::int64_t& value) {
    if (!json.is_number_integer() ||
        (json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())) {
      return Unexpected("a 64-bit signed integer", json);
    }
    value = json.get<std::int64_t>();
    return absl::OkStatus();
  }

  absl::Status ReadElement(const ReadJson& json, double& value) {
    if (json.is_number_float()) {
      value = json.get<double>();
      return absl::OkStatus();
    }
    const auto text = json.is_object() && json.size() == 1 ? json.find("double") : json.end();
    for (const double special : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                                 -std::numeric_limits<double>::infinity()}) {
      if (text == json.end() || *text != DoubleText(special)) continue;
      value = special;
      return absl::OkStatus();
    }
    return Unexpected("a floating point number", json);
  }

  absl::Status ReadElement(const ReadJson& json, std::string& value) {
    if (!json.is_string()) return Unexpected("a text", json);
    value = json.get<std::string>();
    return absl::OkStatus();
  }

  absl::Status ReadElement(const ReadJson& json, at::Tensor& value) {
    if (json.is_null()) return absl::OkStatus();
    if (next_tensor_ == tensors_.size() || !json.is_number_unsigned() || json != next_tensor_) {
      return Unexpected(absl::StrCat("the number of the next of ", tensors_.size(), " tensors, ", next_tensor_), json);
    }
    value = tensors_[next_tensor_++];
    return absl::OkStatus();
  }

  absl::Status ReadElement(const ReadJson& json, std::optional<at::Tensor>& value) {
    return json.is_null() ? absl::OkStatus() : ReadElement(json, value.emplace());
  }

  const absl::Span<const at::Tensor> tensors_;
  std::size_t next_tensor_ = 0;
};

absl::Status ReadCall(const ReadJson& json, ArgumentReader& reader, OperatorCall& call) {
  if (!json.is_object()) return Unexpected("an object", json);
  for (const auto& [key, value] : json.items()) {
    if (key == "name" && value.is_string()) {
      call.name = value.get<std::string>();
    } else if (key == "arguments" && value.is_array()) {
      for (const ReadJson& argument : value) {
        absl::Status status = reader.Read(argument, call.arguments.emplace_back());
        if (!status.ok()) return status;
      }
    } else if (key == "output" && value.is_number_unsigned()) {
      call.output = value.get<std::size_t>();
    } else {
      return absl::InvalidArgumentError("expected the members name, arguments and output, found another one");
    }
  }
  if (call.name.empty()) return absl::InvalidArgumentError("expected the name of an operator, found none");
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> OperatorCallsText(const std::vector<OperatorCall>& calls) {
  if (calls.size() > kMaxCalls) return std::nullopt;
  Json list = Json::array();
  ArgumentWriter writer;
  for (const OperatorCall& call : calls) {
    if (!IsUtf8(call.name)) return std::nullopt;
    Json json = {{"name", call.name}, {"arguments", Json::array()}};
    for (const c10::IValue& argument : call.arguments) {
      std::optional<Json> value = writer.ToJson(argument);
      if (!value.has_value()) return std::nullopt;
      json["arguments"].push_back(*std::move(value));
    }
    if (call.output.has_value()) json["output"] = *call.output;
    list.push_back(std::move(json));
  }
  return list.dump();
}

absl::StatusOr<std::vector<OperatorCall>> OperatorCallsFromText(std::string_view text,
                                                                absl::Span<const at::Tensor> tensors) {
  const ReadJson list = ReadJson::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (list.is_discarded()) return absl::InvalidArgumentError("expected JSON text, found another one");
  if (!IsNestedAtMost(kMaxCallsDepth, list)) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected values nested at most ", kMaxCallsDepth, " deep, found more"));
  }
  if (!list.is_array()) return Unexpected("a list of calls", list);
  if (list.size() > kMaxCalls) {
    return absl::InvalidArgumentError(absl::StrCat("expected at most ", kMaxCalls, " calls, found ", list.size()));
  }
  ArgumentReader reader(tensors);
  std::vector<OperatorCall> calls;
  for (const ReadJson& json : list) {
    const std::size_t i = calls.size();
    if (absl::Status status = ReadCall(json, reader, calls.emplace_back()); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("call ", i, ": ", status.message()));
    }
  }
  if (reader.has_read_all_tensors()) return calls;
  return absl::InvalidArgumentError(absl::StrCat("expected arguments with ", tensors.size(), " tensors, found fewer"));
}

}  // namespace metaconv
