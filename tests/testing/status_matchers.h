// IsOk, StatusIs: gMock matchers for absl::Status and absl::StatusOr. Tests
// match the code and the text.
//
// Example:
//   EXPECT_THAT(converter.Convert(tensor), IsOk());
//   EXPECT_THAT(converter.Convert(sparse),
//   StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("sparse COO")));

#ifndef METACONV_TESTS_TESTING_STATUS_MATCHERS_H_
#define METACONV_TESTS_TESTING_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace metaconv {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace internal

MATCHER(IsOk, "is OK") {
  *result_listener << internal::StatusOf(arg).ToString();
  return arg.ok();
}

MATCHER_P2(StatusIs, code, message,
           "has code " + absl::StatusCodeToString(code) + " and a message that " +
               testing::DescribeMatcher<std::string>(message)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         testing::Matches(testing::MatcherCast<std::string>(message))(std::string(status.message()));
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_STATUS_MATCHERS_H_
