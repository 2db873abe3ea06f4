#include "kinds/operator_view_func.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/tensor.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

std::shared_ptr<const ViewFunc> Func(std::vector<OperatorCall> calls) {
  MetaTensorDescriber describer;
  return OperatorViewFunc::Create(std::move(calls),
                                  [&](const at::Tensor& tensor) { return describer.DescribeTensor(tensor); })
      .value();
}

absl::StatusOr<at::Tensor> Apply(const ViewFunc& func, const at::Tensor& base,
                                 const ViewFunc::SymIntVisitor& symints = {},
                                 const ViewFunc::TensorVisitor& tensors = {}) {
  return func.Apply(MetaTensorDesc(), base, symints, tensors);
}

OperatorCall Select(std::int64_t dim, std::int64_t index) {
  return {.name = "aten::select.int", .arguments = {c10::IValue(), dim, index}};
}
OperatorCall Split(std::int64_t size, std::size_t output) {
  return {.name = "aten::split.Tensor", .arguments = {c10::IValue(), size, 0}, .output = output};
}

TEST(OperatorViewFuncTest, AppliesOperatorsInSequence) {
  const auto func = Func({{.name = "aten::view_as_real", .arguments = {c10::IValue()}}, Select(1, 1)});
  EXPECT_EQ(func->Name(), "aten::view_as_real, aten::select.int");
  const at::Tensor base = at::ones({3}, at::kComplexFloat);
  const at::Tensor view = Apply(*func, base).value();
  EXPECT_TRUE(view.is_same_size(at::empty({3})));
  EXPECT_EQ(view.storage_offset(), 1);
  EXPECT_TRUE(view._base().is_same(base));
}

TEST(OperatorViewFuncTest, PicksOneOfSeveralOutputs) {
  const auto func = Func({Split(2, 1), Select(0, 1)});
  EXPECT_EQ(Apply(*func, at::arange(6)).value().item<std::int64_t>(), 3);
  EXPECT_THAT(
      Apply(*func, at::arange(2)),
      StatusIs(kInvalidArgument, HasSubstr("view_func: aten::split.Tensor: expected at least 2 tensors, found 1")));
  OperatorCall without_output = Split(2, 0);
  without_output.output.reset();
  EXPECT_THAT(Apply(*Func({without_output}), at::arange(6)),
              StatusIs(kInvalidArgument, HasSubstr("expected an operator that returns a tensor")));
  OperatorCall with_output = Select(0, 0);
  with_output.output = 0;
  EXPECT_THAT(Apply(*Func({with_output}), at::arange(6)),
              StatusIs(kInvalidArgument, HasSubstr("expected an operator that returns tensors")));
}

TEST(OperatorViewFuncTest, SymIntsAreThoseOfTheSchema) {
  std::vector<std::int64_t> seen;
  const auto visitor = [&](const c10::SymInt& value) {
    seen.push_back(value.expect_int());
    return value + 1;
  };
  // The dimension is not a SymInt.
  EXPECT_EQ(Apply(*Func({Select(0, 2)}), at::arange(6), visitor).value().item<std::int64_t>(), 3);
  EXPECT_THAT(seen, ElementsAre(2));
  seen.clear();
  // A list of SymInts, and an absent optional SymInt.
  const OperatorCall view = {.name = "aten::view",
                             .arguments = {c10::IValue(), c10::IValue(std::vector<c10::SymInt>{1, 2})}};
  const OperatorCall slice = {.name = "aten::slice.Tensor", .arguments = {c10::IValue(), 1, c10::IValue(), 1, 0}};
  EXPECT_EQ(Apply(*Func({view, slice}), at::arange(6), visitor).value().sizes(), (at::IntArrayRef{2, 2}));
  EXPECT_THAT(seen, ElementsAre(1, 2, 1, 0));
  seen.clear();
  // No SymInts, although the arguments are integers.
  const OperatorCall transpose = {.name = "aten::transpose.int", .arguments = {c10::IValue(), 0, 1}};
  EXPECT_EQ(Apply(*Func({transpose}), at::ones({2, 3}), visitor).value().sizes(), (at::IntArrayRef{3, 2}));
  EXPECT_THAT(seen, ElementsAre());
}

TEST(OperatorViewFuncTest, TensorsThatTheViewCaptured) {
  const at::Tensor sizes = at::tensor({1, 2, 3, 2}, at::kLong).view({2, 2});
  const at::Tensor strides = at::tensor({2, 1, 2, 1}, at::kLong).view({2, 2});
  const at::Tensor offsets = at::tensor({0, 2}, at::kLong);
  const auto func =
      Func({{.name = "aten::_nested_view_from_buffer", .arguments = {c10::IValue(), sizes, strides, offsets}}});
  const at::Tensor buffer = at::arange(9);
  EXPECT_TRUE(Apply(*func, buffer).value().is_nested());

  std::vector<MetaTensorId> ids;
  const at::Tensor visited =
      Apply(*func, buffer, {}, [&](const CapturedTensor& captured) -> absl::StatusOr<at::Tensor> {
        ids.push_back(captured.desc->id);
        const at::Tensor original(captured.tensor);
        return original.is_same(offsets) ? at::tensor({1, 3}, at::kLong) : original;
      }).value();
  EXPECT_EQ(ids.size(), 3);
  EXPECT_EQ(visited.unbind(0)[0].storage_offset(), 1);

  EXPECT_THAT(Apply(*func, buffer, {}, [](const CapturedTensor&) { return absl::NotFoundError("gone"); }),
              StatusIs(absl::StatusCode::kNotFound, "gone"));
}

TEST(OperatorViewFuncTest, TensorsInLists) {
  const at::Tensor rows = at::tensor({2, 0}, at::kLong);
  c10::List<std::optional<at::Tensor>> indices;
  indices.push_back(std::nullopt);
  indices.push_back(rows);
  const auto func = Func({{.name = "aten::index.Tensor", .arguments = {c10::IValue(), indices}}});
  int visits = 0;
  const auto visitor = [&](const CapturedTensor&) -> absl::StatusOr<at::Tensor> {
    ++visits;
    return at::tensor({1}, at::kLong);
  };
  EXPECT_EQ(Apply(*func, at::ones({2, 3}), {}, visitor).value().sizes(), (at::IntArrayRef{2, 1}));
  EXPECT_EQ(visits, 1);
}

TEST(OperatorViewFuncTest, ArgumentsThatCannotBeDescribedAreAnError) {
  EXPECT_THAT(OperatorViewFunc::Create({{.name = "aten::view_as", .arguments = {c10::IValue(), at::ones({2})}}},
                                       [](const at::Tensor&) { return absl::NotFoundError("unknown"); }),
              StatusIs(absl::StatusCode::kNotFound, "unknown"));
}

TEST(OperatorViewFuncTest, AnUnknownOperatorIsAnError) {
  const auto error = [](const char* name) {
    return StatusIs(kInvalidArgument, AllOf(HasSubstr("view_func"), HasSubstr(name)));
  };
  const auto apply = [](std::string name, std::vector<c10::IValue> arguments) {
    return Apply(*Func({{.name = std::move(name), .arguments = std::move(arguments)}}), at::ones({2, 3}));
  };
  EXPECT_THAT(apply("aten::no_such_view", {c10::IValue()}), error("aten::no_such_view"));
  EXPECT_THAT(apply("aten::select.no_such_overload", {c10::IValue(), 0, 0}), error("aten::select.no_such_overload"));
  EXPECT_THAT(apply("", {c10::IValue()}), error("expected an operator"));
  // The operator exists, with other arguments.
  EXPECT_THAT(apply("aten::select.int", {c10::IValue(), 0}), error("an operator with 2 arguments"));
  EXPECT_THAT(apply("aten::select.int", {}), error("an operator with 0 arguments"));
}

TEST(OperatorViewFuncTest, ExceptionsOfLibTorchAreErrors) {
  EXPECT_FALSE(Apply(*Func({Select(3, 0)}), at::ones({2})).ok());
  // Arguments of a wrong type, as an untrusted record may have.
  EXPECT_FALSE(Apply(*Func({{.name = "aten::select.int", .arguments = {c10::IValue(), "x", 0}}}), at::ones({2})).ok());
  EXPECT_FALSE(Apply(*Func({{.name = "aten::select.int", .arguments = {c10::IValue(), 0, "x"}}}), at::ones({2}),
                     [](const c10::SymInt& value) { return value; })
                   .ok());
}

}  // namespace
}  // namespace metaconv
