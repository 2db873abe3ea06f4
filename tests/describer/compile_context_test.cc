#include "describer/compile_context.h"

#include <cstdint>
#include <optional>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using ::testing::Optional;

std::optional<std::uint32_t> CurrentFrame() {
  const std::optional<TraceId> trace_id = CompileContext::CurrentTraceId();
  return trace_id.has_value() ? trace_id->compile_id.frame_id : std::nullopt;
}

TEST(CompileContextTest, ContextsNest) {
  EXPECT_FALSE(CompileContext::CurrentTraceId().has_value());
  {
    const CompileContext outer({.compile_id = {.frame_id = 1}, .attempt = 7});
    EXPECT_THAT(CurrentFrame(), Optional(1));
    {
      const CompileContext inner({.compile_id = {.frame_id = 2}});
      EXPECT_THAT(CurrentFrame(), Optional(2));
      EXPECT_EQ(CompileContext::CurrentTraceId()->attempt, 0);
    }
    EXPECT_THAT(CurrentFrame(), Optional(1));
    EXPECT_EQ(CompileContext::CurrentTraceId()->attempt, 7);
  }
  EXPECT_FALSE(CompileContext::CurrentTraceId().has_value());
}

TEST(CompileContextTest, EachThreadHasItsOwnContext) {
  const CompileContext context({.compile_id = {.frame_id = 1}});
  std::thread([] { EXPECT_FALSE(CompileContext::CurrentTraceId().has_value()); }).join();
}

}  // namespace
}  // namespace metaconv
