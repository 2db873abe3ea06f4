#include "kinds/find_operator.h"

#include <optional>

#include "ATen/core/Tensor.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(FindOperatorTest, FindsTheNamesThatToStringReturns) {
  for (const char* name : {"aten::t", "aten::select.int", "aten::split.Tensor"}) {
    const std::optional<c10::OperatorHandle> op = FindOperator(name);
    ASSERT_TRUE(op.has_value()) << name;
    EXPECT_EQ(c10::toString(op->operator_name()), name);
  }
}

TEST(FindOperatorTest, ReturnsNulloptForUnknownNamesAndOverloads) {
  for (const char* name : {"", ".", "t", "aten::no_such", "aten::select", "aten::select.no_such", "aten::t.int"}) {
    EXPECT_FALSE(FindOperator(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace metaconv
