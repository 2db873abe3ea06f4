#include "kinds/functorch_stack.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ATen/functorch/DynamicLayer.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/functorch_levels.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::int64_t> LevelsOf(const FunctorchStack::Layers& layers) {
  std::vector<std::int64_t> levels;
  for (const at::functorch::DynamicLayer& layer : layers) levels.push_back(layer.layerId());
  return levels;
}

std::vector<std::int64_t> CurrentLevels() { return LevelsOf(FunctorchStack::Current()->layers()); }

bool IsIntercepting() {
  return c10::impl::tls_local_dispatch_key_set().included_.has(c10::DispatchKey::FuncTorchDynamicLayerFrontMode);
}

void PushVmapAndGrad(FunctorchLevels& levels) {
  levels.PushVmap(3, at::functorch::RandomnessType::Same);
  levels.PushGrad();
}

TEST(FunctorchStackTest, IsEmptyWithoutLevels) {
  EXPECT_THAT(CurrentLevels(), IsEmpty());
  EXPECT_EQ(FunctorchStack::Current()->Repr(), "[]");
  EXPECT_EQ(FunctorchStack({}).Find(1), nullptr);
}

TEST(FunctorchStackTest, HasTheInterpretersOfThisThread) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const auto stack = FunctorchStack::Current();
  EXPECT_THAT(LevelsOf(stack->layers()), ElementsAre(1, 2));
  ASSERT_NE(stack->Find(1), nullptr);
  EXPECT_TRUE(stack->Find(1)->key() == at::functorch::TransformType::Vmap);
  ASSERT_NE(stack->Find(2), nullptr);
  EXPECT_TRUE(stack->Find(2)->key() == at::functorch::TransformType::Grad);
  EXPECT_EQ(stack->Find(0), nullptr);
  EXPECT_EQ(stack->Find(3), nullptr);
  levels.Pop();
  EXPECT_EQ(stack->layers().size(), 2);
}

TEST(FunctorchStackTest, ReprIsJsonOutermostFirst) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  levels.PushJvp();
  levels.PushFunctionalize(true);
  const nlohmann::json json = nlohmann::json::parse(FunctorchStack::Current()->Repr());
  ASSERT_EQ(json.size(), 4);
  const char* const kTransforms[] = {"Vmap", "Grad", "Jvp", "Functionalize"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(json[i].at("level"), i + 1) << json;
    EXPECT_TRUE(json[i].at("meta").contains(kTransforms[i])) << json;
  }
}

TEST(FunctorchScopeTest, NestsAndRestores) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const auto outer = FunctorchStack::Current();
  {
    const FunctorchScope cleared;
    EXPECT_THAT(CurrentLevels(), IsEmpty());
    EXPECT_FALSE(IsIntercepting());
    {
      const FunctorchScope restored({outer->layers()[0]});
      EXPECT_THAT(CurrentLevels(), ElementsAre(1));
      EXPECT_TRUE(IsIntercepting());
    }
    EXPECT_THAT(CurrentLevels(), IsEmpty());
    EXPECT_FALSE(IsIntercepting());
  }
  EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2));
  EXPECT_TRUE(IsIntercepting());
  EXPECT_EQ(FunctorchStack::Current()->Repr(), outer->Repr());
}

TEST(FunctorchScopeTest, RestoresAfterAnException) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const auto throws = [] {
    const FunctorchScope cleared;
    throw std::runtime_error("in between");
  };
  EXPECT_THROW(throws(), std::runtime_error);
  EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2));
  EXPECT_TRUE(IsIntercepting());
}

TEST(FunctorchScopeTest, RestoresIfTheLayersAreNotConsecutive) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const auto outer = FunctorchStack::Current();
  EXPECT_ANY_THROW(FunctorchScope({outer->layers()[1]}));
  EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2));
  EXPECT_TRUE(IsIntercepting());
}

TEST(FunctorchScopeTest, RestoresTheDispatchKeysWithoutLevels) {
  const c10::impl::LocalDispatchKeySet before = c10::impl::tls_local_dispatch_key_set();
  FunctorchStack::Layers layers;
  {
    FunctorchLevels levels;
    PushVmapAndGrad(levels);
    layers = FunctorchStack::Current()->layers();
  }
  { const FunctorchScope restored(layers); }
  const c10::impl::LocalDispatchKeySet after = c10::impl::tls_local_dispatch_key_set();
  EXPECT_EQ(after.included_, before.included_);
  EXPECT_EQ(after.excluded_, before.excluded_);
}

TEST(FunctorchScopeTest, DoesNotAffectOtherThreads) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const auto outer = FunctorchStack::Current();
  std::thread([&] {
    EXPECT_THAT(CurrentLevels(), IsEmpty());
    const FunctorchScope restored(outer->layers());
    EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2));
    const FunctorchScope cleared;
    EXPECT_THAT(CurrentLevels(), IsEmpty());
  }).join();
  EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2));
}

TEST(FunctorchStackTest, ParseGivesTheSameStack) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  levels.PushJvp();
  levels.PushFunctionalize(/*reapply_views=*/true);
  const auto stack = FunctorchStack::Current();
  const absl::StatusOr<std::shared_ptr<const FunctorchStack>> parsed = FunctorchStack::Parse(stack->Repr());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ((*parsed)->Repr(), stack->Repr());
  EXPECT_THAT(LevelsOf((*parsed)->layers()), ElementsAre(1, 2, 3, 4));
  const FunctorchScope restored((*parsed)->layers());
  EXPECT_THAT(CurrentLevels(), ElementsAre(1, 2, 3, 4));
}

TEST(FunctorchStackTest, ParseRejectsOtherText) {
  FunctorchLevels levels;
  PushVmapAndGrad(levels);
  const nlohmann::json good = nlohmann::json::parse(FunctorchStack::Current()->Repr());
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    std::string text;
    for (const nlohmann::json& layer : changed) text += (text.empty() ? "[" : ", ") + layer.dump();
    return FunctorchStack::Parse(text + "]");
  };
  const auto error = [](const char* text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(text));
  };
  EXPECT_THAT(with("/0/level", 1), IsOk());
  EXPECT_THAT(with("/0/other", 1), error("expected the text of a stack, found one with other members"));
  EXPECT_THAT(FunctorchStack::Parse(good.dump(2)), error("expected the text of a stack"));
  EXPECT_THAT(FunctorchStack::Parse("x"), error("expected a JSON list"));
  EXPECT_THAT(FunctorchStack::Parse("[1]"), error("layer 0: expected its position as the level"));
  EXPECT_THAT(with("/1/level", 1), error("layer 1: expected its position as the level"));
  EXPECT_THAT(with("/0/is_alive", 1), error("layer 0: expected is_alive"));
  EXPECT_THAT(with("/0/type", 7), error("layer 0: expected the type of a transform"));
  EXPECT_THAT(with("/0/type", 2), error("layer 0: expected the previous modes"));
  EXPECT_THAT(with("/0/meta/Vmap/batchSize", -1), error("layer 0: expected batch size and randomness"));
  EXPECT_THAT(with("/0/meta/Vmap/randomness", 3), error("layer 0: expected batch size and randomness"));
  EXPECT_THAT(with("/1/meta/Grad/prevGradMode", 1), error("layer 1: expected the previous modes"));
  EXPECT_THAT(with("/0/savedLocalDispatchKeySet", {{"included", 0}, {"excluded", 0}}),
              StatusIs(absl::StatusCode::kUnimplemented, ::testing::HasSubstr("layers that call no operator")));
  std::string long_stack = "[0";
  for (int i = 0; i < 1000; ++i) long_stack += ",0";
  EXPECT_THAT(FunctorchStack::Parse(long_stack + "]"), error("expected at most 1000 layers, found 1001"));
}

}  // namespace
}  // namespace metaconv
