#include "meta/with_context.h"

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(WithContextTest, PutsTheContextInFrontOfTheMessage) {
  const absl::Status status = absl::DataLossError("expected 8 bytes, found 4");
  EXPECT_EQ(WithContext("storage 3", status), absl::DataLossError("storage 3: expected 8 bytes, found 4"));
  EXPECT_EQ(WithContext("member 'a'", status, ", "), absl::DataLossError("member 'a', expected 8 bytes, found 4"));
}

TEST(WithContextTest, TheOutermostContextComesFirst) {
  const absl::Status inner = WithContext("offset 12", absl::InvalidArgumentError("expected a list, found none"));
  EXPECT_EQ(WithContext("member 'a'", inner, ", "),
            absl::InvalidArgumentError("member 'a', offset 12: expected a list, found none"));
}

TEST(WithContextTest, ReturnsOkUnchanged) { EXPECT_EQ(WithContext("storage 3", absl::OkStatus()), absl::OkStatus()); }

TEST(WithContextTest, KeepsPayloads) {
  absl::Status status = absl::InternalError("no memory");
  status.SetPayload("metaconv/a", absl::Cord("1"));
  status.SetPayload("metaconv/b", absl::Cord("2"));
  const absl::Status located = WithContext("cuda:0", status);
  EXPECT_EQ(located.GetPayload("metaconv/a"), absl::Cord("1"));
  EXPECT_EQ(located.GetPayload("metaconv/b"), absl::Cord("2"));
}

}  // namespace
}  // namespace metaconv
