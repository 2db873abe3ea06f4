// Tests that the thread-local state of the caller does not change the result of a conversion, and that a conversion
// does not change that state.

#include <cstdint>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/core/LegacyTypeDispatch.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/functorch/DynamicLayer.h"
#include "c10/core/AutogradState.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/equal.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/functorch_levels.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Runs `body` with one thread-local state enabled.
struct Ambient {
  std::string name;
  std::function<void(const std::function<void()>& body)> run;
};
std::ostream& operator<<(std::ostream& os, const Ambient& ambient) { return os << ambient.name; }

const std::vector<Ambient>& Ambients() {
  static const auto& ambients = *new std::vector<Ambient>{
      {"vmap",
       [](const auto& body) {
         FunctorchLevels levels;
         levels.PushVmap(5, at::functorch::RandomnessType::Error);
         body();
       }},
      {"grad",
       [](const auto& body) {
         FunctorchLevels levels;
         levels.PushGrad();
         body();
       }},
      {"vmap in jvp in functionalize",
       [](const auto& body) {
         FunctorchLevels levels;
         levels.PushFunctionalize(/*reapply_views=*/false);
         levels.PushJvp();
         levels.PushVmap(5, at::functorch::RandomnessType::Different);
         body();
       }},
      {"functionalization",
       [](const auto& body) {
         const c10::impl::IncludeDispatchKeyGuard included(c10::DispatchKey::Functionalize);
         const at::functionalization::impl::FunctionalizationReapplyViewsGuard reapply_views(true);
         body();
       }},
      {"inference mode",
       [](const auto& body) {
         const c10::InferenceMode inference;
         body();
       }},
      {"no_grad",
       [](const auto& body) {
         const at::NoGradGuard no_grad;
         body();
       }},
      {"autograd excluded",
       [](const auto& body) {
         const at::AutoDispatchBelowADInplaceOrView below;
         body();
       }},
  };
  return ambients;
}

struct State {
  c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
  bool grad_mode = c10::GradMode::is_enabled();
  bool inference_mode = c10::InferenceMode::is_enabled();
  bool forward_grad_mode = c10::AutogradState::get_tls_state().get_fw_grad_mode();
  bool view_replay = c10::AutogradState::get_tls_state().get_view_replay_enabled();
  bool reapply_views = at::functionalization::impl::getFunctionalizationReapplyViewsTLS();
  std::vector<std::int64_t> levels = Levels();

  static std::vector<std::int64_t> Levels() {
    std::vector<std::int64_t> levels;
    for (const auto& layer : at::functorch::getDynamicLayerStack()) levels.push_back(layer.layerId());
    return levels;
  }
};

void ExpectSame(const State& before, const State& after) {
  EXPECT_EQ(before.keys.included_, after.keys.included_);
  EXPECT_EQ(before.keys.excluded_, after.keys.excluded_);
  EXPECT_EQ(before.grad_mode, after.grad_mode);
  EXPECT_EQ(before.inference_mode, after.inference_mode);
  EXPECT_EQ(before.forward_grad_mode, after.forward_grad_mode);
  EXPECT_EQ(before.view_replay, after.view_replay);
  EXPECT_EQ(before.reapply_views, after.reapply_views);
  EXPECT_EQ(before.levels, after.levels);
}

class AmbientStateTest : public ::testing::TestWithParam<std::tuple<Ambient, KindSample>> {
 protected:
  void InAmbient(const std::function<void()>& body) const {
    std::get<0>(GetParam()).run([&] {
      const State before;
      body();
      ExpectSame(before, State());
    });
  }
  MadeSample Sample() const { return std::get<1>(GetParam()).make(); }
};

// Described with another describer, whose ids are independent of this one.
MetaTensorDescPtr Described(const at::Tensor& result) { return MetaTensorDescriber().DescribeTensor(result).value(); }

TEST_P(AmbientStateTest, ARecordGivesTheSameResult) {
  const MadeSample sample = Sample();
  const at::Tensor expected = MetaConverter().MetaTensor(*sample.record).value();
  absl::StatusOr<at::Tensor> found;
  InAmbient([&] { found = MetaConverter().MetaTensor(*sample.record); });
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(Equal().Differences(*Described(expected), *Described(*found)), IsEmpty());
  EXPECT_EQ(expected.key_set(), found->key_set());
}

TEST_P(AmbientStateTest, DescribingAndConvertingATensorGivesTheSameResult) {
  if (std::get<1>(GetParam()).needs_levels) return;  // Their record contains the active levels.
  const MadeSample sample = Sample();
  const at::Tensor expected = MetaConverter().MetaTensor(*sample.record).value();
  absl::StatusOr<MetaTensorDescPtr> record;
  absl::StatusOr<at::Tensor> found;
  MetaTensorDescriber describer;
  InAmbient([&] { record = describer.DescribeTensor(sample.tensor); });
  ASSERT_THAT(record, IsOk());
  // The indices and values of compressed tensors are views that are created on access, and their creation_meta depends
  // on the mode.
  if (sample.record->sparse().values == nullptr) {
    EXPECT_THAT(Equal().Differences(*sample.record, **record), IsEmpty());
  }
  InAmbient([&] { found = MetaConverter().Convert(sample.tensor); });
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(Equal().Differences(*Described(expected), *Described(*found)), IsEmpty());
}

TEST_P(AmbientStateTest, AFailureDoesNotChangeTheState) {
  const MadeSample sample = Sample();
  InAmbient([&] {
    MetaConverter converter;
    EXPECT_THAT(
        converter.MetaTensor(*sample.record,
                             [](AllocationMaker, c10::Device) -> at::Tensor { throw std::runtime_error("injected"); }),
        StatusIs(absl::StatusCode::kInternal, HasSubstr("injected")));
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, AmbientStateTest,
                         ::testing::Combine(::testing::ValuesIn(Ambients()), ::testing::ValuesIn(KindSamples())));

}  // namespace
}  // namespace metaconv
