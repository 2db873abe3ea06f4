#include "meta/named_view_func.h"

#include "ATen/core/Tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

TEST(NamedViewFuncTest, KeepsTheNameAndCannotBeApplied) {
  const NamedViewFunc func("aten::select.int");
  EXPECT_EQ(func.Name(), "aten::select.int");
  EXPECT_THAT(func.Apply(MetaTensorDesc{.id = 3}, at::Tensor(), {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "record 3: view_func: expected an operation with its arguments, found only its name: "
                       "aten::select.int"));
}

}  // namespace
}  // namespace metaconv
