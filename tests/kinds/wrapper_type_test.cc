#include "kinds/wrapper_type.h"

#include <string>
#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/ones.h"
#include "c10/core/TensorImpl.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;

constexpr absl::StatusCode kAlreadyExists = absl::StatusCode::kAlreadyExists;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

class FirstImpl : public c10::TensorImpl {
 public:
  FirstImpl()
      : TensorImpl(c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), caffe2::TypeMeta::Make<float>(),
                   c10::Device(c10::kCPU)) {}
};
class DerivedImpl final : public FirstImpl {};
class SecondImpl final : public c10::TensorImpl {};

WrapperType Type(std::string name) {
  return {.name = std::move(name),
          .flatten = [](const at::Tensor&) { return FlattenedTensor(); },
          .unflatten = [](const FlattenedTensor&, c10::SymIntArrayRef, c10::SymIntArrayRef) { return at::Tensor(); }};
}

TEST(WrapperTypeTest, IsFoundByTensorAndByName) {
  const at::Tensor two = TwoTensor(at::ones({2}), at::ones({2}));
  const WrapperType* type = FindWrapperType(two);
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->name, "TwoTensor");
  EXPECT_EQ(FindWrapperType("TwoTensor"), type);
  EXPECT_EQ(FindWrapperType(two.t()), type);
  EXPECT_EQ(FindWrapperType(at::ones({2})), nullptr);
  EXPECT_EQ(FindWrapperType("ThreeTensor"), nullptr);
  EXPECT_EQ(FindWrapperType(""), nullptr);
}

TEST(WrapperTypeTest, MustBeComplete) {
  EXPECT_THAT(RegisterWrapperType<SecondImpl>(Type("")),
              StatusIs(kInvalidArgument, Eq("wrapper type: expected a name, found none")));
  WrapperType without_flatten = Type("Second");
  without_flatten.flatten = nullptr;
  EXPECT_THAT(RegisterWrapperType<SecondImpl>(without_flatten),
              StatusIs(kInvalidArgument, HasSubstr("wrapper type Second: expected flatten and unflatten")));
  WrapperType without_unflatten = Type("Second");
  without_unflatten.unflatten = nullptr;
  EXPECT_THAT(RegisterWrapperType<SecondImpl>(without_unflatten),
              StatusIs(kInvalidArgument, HasSubstr("wrapper type Second: expected flatten and unflatten")));
  EXPECT_EQ(FindWrapperType("Second"), nullptr);
}

TEST(WrapperTypeTest, NamesAndImplsAreUnique) {
  ASSERT_THAT(RegisterWrapperType<FirstImpl>(Type("First")), IsOk());
  EXPECT_THAT(RegisterWrapperType<SecondImpl>(Type("First")),
              StatusIs(kAlreadyExists, Eq("wrapper type First: expected a new type, found First, which is registered "
                                          "already")));
  EXPECT_THAT(RegisterWrapperType<FirstImpl>(Type("Other")),
              StatusIs(kAlreadyExists, HasSubstr("wrapper type Other: expected a new type, found First")));
  EXPECT_EQ(FindWrapperType("Other"), nullptr);
  const at::Tensor first(c10::make_intrusive<FirstImpl>());
  EXPECT_EQ(FindWrapperType(first), FindWrapperType("First"));
  // The exact impl type: a derived type may consist of other tensors.
  EXPECT_EQ(FindWrapperType(at::Tensor(c10::make_intrusive<DerivedImpl>())), nullptr);
}

}  // namespace
}  // namespace metaconv
