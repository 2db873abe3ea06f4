#include "kinds/operator_calls_json.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

std::optional<std::string> TextOf(const c10::IValue& argument) {
  const std::optional<std::string> text = OperatorCallsText({{.name = "n", .arguments = {argument}}});
  constexpr std::size_t kBefore = std::string_view(R"([{"name":"n","arguments":[)").size();
  return text.has_value() ? std::optional(text->substr(kBefore, text->size() - kBefore - 3)) : std::nullopt;
}

absl::StatusOr<c10::IValue> ArgumentOf(const std::string& json, const std::vector<at::Tensor>& tensors = {}) {
  absl::StatusOr<std::vector<OperatorCall>> calls =
      OperatorCallsFromText(R"([{"name": "n", "arguments": [)" + json + "]}]", tensors);
  if (!calls.ok()) return calls.status();
  return calls->at(0).arguments.at(0);
}

TEST(OperatorCallsJsonTest, NamesAndOutputs) {
  const std::string text = R"([{"name":"aten::split.Tensor","arguments":[null,2,0],"output":1},)"
                           R"({"name":"aten::t","arguments":[null]}])";
  const std::vector<OperatorCall> calls = OperatorCallsFromText(text, {}).value();
  ASSERT_EQ(calls.size(), 2);
  EXPECT_EQ(calls[0].name, "aten::split.Tensor");
  EXPECT_EQ(calls[0].output, 1);
  EXPECT_EQ(calls[1].output, std::nullopt);
  EXPECT_EQ(OperatorCallsText(calls), text);
}

struct Argument {
  c10::IValue value;
  std::string text;
};

std::vector<Argument> Arguments() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  return {{c10::IValue(), "null"},
          {true, "true"},
          {3, "3"},
          {kLeast, "-9223372036854775808"},
          {1.0, "1.0"},
          {0.1, "0.1"},
          {-kInfinity, R"({"double":"-inf"})"},
          {"x", R"("x")"},
          {c10::complex<double>(1, kInfinity), R"({"complex":[1.0,{"double":"inf"}]})"},
          {c10::Device("cuda:1"), R"({"device":"cuda:1"})"},
          {std::vector<std::int64_t>{1, 2}, "[1,2]"},
          {std::vector<std::int64_t>{}, "[]"},
          {std::vector<double>{1.5, kInfinity}, R"({"doubles":[1.5,{"double":"inf"}]})"},
          {c10::List<bool>({true, false}), R"({"booleans":[true,false]})"},
          {std::vector<std::string>{"a", ""}, R"({"texts":["a",""]})"}};
}

TEST(OperatorCallsJsonTest, EachTypeOfArgumentSurvives) {
  for (const Argument& argument : Arguments()) {
    EXPECT_EQ(TextOf(argument.value), argument.text);
    const absl::StatusOr<c10::IValue> read = ArgumentOf(argument.text);
    ASSERT_THAT(read, IsOk()) << argument.text;
    EXPECT_EQ(read->tagKind(), argument.value.tagKind()) << argument.text;
    EXPECT_EQ(*read, argument.value) << argument.text;
  }
  EXPECT_EQ(TextOf(std::nan("")), R"({"double":"nan"})");
  EXPECT_TRUE(std::isnan(ArgumentOf(R"({"double":"nan"})")->toDouble()));
}

TEST(OperatorCallsJsonTest, SymbolicIntegersThatAreNumbersAreIntegers) {
  EXPECT_EQ(TextOf(c10::SymInt(3)), "3");
  EXPECT_EQ(TextOf(std::vector<c10::SymInt>{1, 2}), "[1,2]");
  EXPECT_EQ(TextOf(MakeSymbolicInt("s0")), std::nullopt);
  EXPECT_EQ(TextOf(std::vector<c10::SymInt>{MakeSymbolicInt("s0")}), std::nullopt);
}

TEST(OperatorCallsJsonTest, TensorsAreNumberedThroughAllCalls) {
  const at::Tensor a = at::empty({1});
  const at::Tensor b = at::empty({2});
  const at::Tensor c = at::empty({3});
  c10::List<std::optional<at::Tensor>> optional;
  optional.push_back(std::nullopt);
  optional.push_back(b);
  const std::vector<OperatorCall> calls = {{.name = "f", .arguments = {a, at::Tensor(), optional}},
                                           {.name = "g", .arguments = {std::vector<at::Tensor>{c, at::Tensor()}}}};
  const std::string text = R"([{"name":"f","arguments":[{"tensor":0},{"tensor":null},{"optional_tensors":[null,1]}]},)"
                           R"({"name":"g","arguments":[{"tensors":[2,null]}]}])";
  EXPECT_EQ(OperatorCallsText(calls), text);
  const std::vector<OperatorCall> read = OperatorCallsFromText(text, {a, b, c}).value();
  EXPECT_TRUE(read[0].arguments[0].toTensor().is_same(a));
  EXPECT_FALSE(read[0].arguments[1].toTensor().defined());
  EXPECT_TRUE(read[0].arguments[2].isOptionalTensorList());
  EXPECT_TRUE(read[1].arguments[0].toTensorVector()[0].is_same(c));
  EXPECT_EQ(OperatorCallsText(read), text);
}

TEST(OperatorCallsJsonTest, OtherTextIsAnError) {
  const auto error = [](const char* text) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)); };
  EXPECT_THAT(OperatorCallsFromText("[", {}), error("expected JSON text"));
  EXPECT_THAT(OperatorCallsFromText("{}", {}), error("expected a list of calls, found object"));
  EXPECT_THAT(OperatorCallsFromText("[1]", {}), error("call 0: expected an object, found 1"));
  EXPECT_THAT(OperatorCallsFromText(R"([{"arguments":[]}])", {}), error("call 0: expected the name of an operator"));
  EXPECT_THAT(OperatorCallsFromText(R"([{"name":"n","other":1}])", {}), error("expected the members name, arguments"));
  EXPECT_THAT(OperatorCallsFromText(R"([{"name":"n","output":-1}])", {}),
              error("expected the members name, arguments"));
  EXPECT_THAT(OperatorCallsFromText(std::string(100000, '['), {}), error("expected JSON text"));
  EXPECT_THAT(OperatorCallsFromText(std::string(100000, '[') + std::string(100000, ']'), {}),
              error("expected values nested at most 16 deep"));
  EXPECT_THAT(ArgumentOf("18446744073709551615"), error("expected a 64-bit signed integer"));
  EXPECT_THAT(ArgumentOf("[1, true]"), error("expected a 64-bit signed integer, found true"));
  EXPECT_THAT(ArgumentOf("{}"), error("expected an object with one member"));
  EXPECT_THAT(ArgumentOf(R"({"generator": 1})"), error("expected a known type of argument"));
  EXPECT_THAT(ArgumentOf(R"({"double": "x"})"), error("expected a floating point number"));
  EXPECT_THAT(ArgumentOf(R"({"complex": [1.0]})"), error("expected two numbers"));
  EXPECT_THAT(ArgumentOf(R"({"device": "abacus"})"), error("expected the name of a device"));
  EXPECT_THAT(ArgumentOf(R"({"tensor": 0})"), error("expected the number of the next of 0 tensors, 0, found 0"));
  EXPECT_THAT(ArgumentOf(R"({"tensor": 1})", {at::empty({1}), at::empty({1})}), error("found 1"));
  EXPECT_THAT(ArgumentOf(R"({"tensor": 0.0})", {at::empty({1})}), error("found 0.0"));
  std::string many = "[{}";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  EXPECT_THAT(OperatorCallsFromText(many + "]", {}), error("expected at most 1000 calls, found 1001"));
  EXPECT_THAT(ArgumentOf("1", {at::empty({1})}), error("expected arguments with 1 tensors, found fewer"));
}

// Takes minutes if the time grows with the square of the number of members.
TEST(OperatorCallsJsonTest, ManyMembersAreRefused) {
  std::string text = "[{";
  for (int i = 0; i < 1'000'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  EXPECT_THAT(OperatorCallsFromText(text + "\"name\":\"n\"}]", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected the members name, arguments")));
}

}  // namespace
}  // namespace metaconv
