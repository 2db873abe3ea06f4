#include "describer/meta_tensor_describer.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/LegacyBatchedTensorImpl.h"
#include "ATen/OpaqueTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/from_blob.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "ATen/ops/real.h"
#include "ATen/ops/zeros.h"
#include "absl/container/flat_hash_set.h"
#include "c10/core/InferenceMode.h"
#include "describer/compare_tensors.h"
#include "describer/disable_inference_mode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "meta/equal.h"
#include "nlohmann/json.hpp"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Lt;

constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kUnimplemented = absl::StatusCode::kUnimplemented;

MetaTensorDescPtr Describe(MetaTensorDescriber& describer, const at::Tensor& tensor,
                           const DescribeOptions& options = {}) {
  return describer.DescribeTensor(tensor, options).value();
}

TEST(MetaTensorDescriberTest, DescriberIdsAreUnique) {
  const MetaTensorDescriber a;
  const MetaTensorDescriber b;
  EXPECT_EQ(b.id(), a.id() + 1);
}

TEST(MetaTensorDescriberTest, IdsAreInOrderOfFirstSight) {
  MetaTensorDescriber describer;
  const at::Tensor base = at::empty({2, 3});
  at::Tensor view = base.view({6});
  view.mutable_grad() = at::empty({6});
  const MetaTensorDescPtr desc = Describe(describer, view);
  EXPECT_EQ(desc->storage->id, 0);
  EXPECT_EQ(desc->id, 0);
  EXPECT_EQ(desc->grad()->id, 1);
  EXPECT_EQ(desc->grad()->storage->id, 1);
  EXPECT_EQ(desc->base->id, 2);
  EXPECT_EQ(*desc->base->storage, *desc->storage);
  EXPECT_EQ(describer.GetTensorId(base), 2);
  EXPECT_EQ(describer.FindTensorId(base), 2);
  EXPECT_EQ(describer.FindTensorId(at::empty({1})), std::nullopt);
  EXPECT_EQ(describer.GetTensorId(at::empty({1})), 3);
  EXPECT_EQ(describer.GetStorageId(base.storage()), 0);
  EXPECT_EQ(describer.GetStorageId(at::empty({1}).storage()), 2);
}

TEST(MetaTensorDescriberTest, IdsAreNeverGivenToANewTensorAtAnOldAddress) {
  MetaTensorDescriber describer;
  absl::flat_hash_set<MetaTensorId> tensor_ids;
  absl::flat_hash_set<MetaStorageId> storage_ids;
  for (int i = 0; i < 1000; ++i) {
    const MetaTensorDescPtr desc = Describe(describer, at::empty({4}));
    tensor_ids.insert(desc->id);
    storage_ids.insert(desc->storage->id);
  }
  EXPECT_EQ(tensor_ids.size(), 1000);
  EXPECT_EQ(storage_ids.size(), 1000);
}

TEST(MetaTensorDescriberTest, KeepsNothingAlive) {
  MetaTensorDescriber describer;
  bool freed = false;
  float data[4] = {};
  at::Tensor tensor = at::from_blob(data, {4}, [&](void*) { freed = true; });
  const MetaTensorDescPtr view_desc = Describe(describer, tensor.view({2, 2}));
  const MetaTensorDescPtr desc = Describe(describer, tensor);
  EXPECT_FALSE(freed);
  tensor.reset();
  EXPECT_TRUE(freed);
}

TEST(MetaTensorDescriberTest, CopyDataKeepsTensorAndStorage) {
  MetaTensorDescriber describer({.copy_data = true});
  bool freed = false;
  float data[4] = {};
  MetaTensorDescPtr desc = Describe(describer, at::from_blob(data, {4}, [&](void*) { freed = true; }));
  EXPECT_FALSE(freed);
  EXPECT_EQ(
      at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(desc->extras->data.get()))
          .data_ptr(),
      data);
  EXPECT_EQ(desc->storage->data.data(), data);
  desc = nullptr;
  EXPECT_TRUE(freed);
}

TEST(MetaTensorDescriberTest, DeadEntriesAreSwept) {
  MetaTensorDescriber describer;
  for (int i = 0; i < 100'000; ++i) Describe(describer, at::empty({0}));
  EXPECT_LT(describer.tensor_table_size(), 2500);
  EXPECT_LT(describer.storage_table_size(), 2500);
  EXPECT_EQ(Describe(describer, at::empty({0}))->id, 100'000);
}

TEST(MetaTensorDescriberTest, TheRecordIsUpToDate) {
  MetaTensorDescriber describer;
  at::Tensor tensor = at::empty({4});
  const MetaTensorDescPtr before = Describe(describer, tensor);
  tensor.resize_({8});
  tensor.mutable_grad() = at::empty({8});
  const MetaTensorDescPtr after = Describe(describer, tensor);
  EXPECT_EQ(after->id, before->id);
  EXPECT_EQ(after->storage->id, before->storage->id);
  EXPECT_EQ(before->size[0], 4);
  EXPECT_EQ(before->storage->size, 16);
  EXPECT_EQ(after->size[0], 8);
  EXPECT_EQ(after->storage->size, 32);
  EXPECT_EQ(after->grad()->id, 1);
  tensor.mutable_grad().reset();
  EXPECT_EQ(Describe(describer, tensor)->grad(), nullptr);
}

TEST(MetaTensorDescriberTest, ViewsShareTheRecordOfTheirBase) {
  MetaTensorDescriber describer;
  const at::Tensor base = at::empty({4});
  const MetaTensorDescPtr a = Describe(describer, base.view({2, 2}));
  const MetaTensorDescPtr b = Describe(describer, base.slice(0, 1));
  EXPECT_EQ(a->base, b->base);
  EXPECT_EQ(*a->storage, *b->storage);
  base.set_requires_grad(true);
  const MetaTensorDescPtr c = Describe(describer, base.view({4, 1}));
  EXPECT_NE(c->base, a->base);
  EXPECT_EQ(c->base->id, a->base->id);
  EXPECT_FALSE(a->base->requires_grad);
  EXPECT_TRUE(c->base->requires_grad);
}

TEST(MetaTensorDescriberTest, AParameterIsRemembered) {
  MetaTensorDescriber describer;
  const at::Tensor weight = at::empty({4}).set_requires_grad(true);
  const at::Tensor view = weight.view({2, 2});
  EXPECT_FALSE(Describe(describer, view)->base->is_parameter);
  EXPECT_TRUE(Describe(describer, weight, {.facts = {.is_parameter = true}})->is_parameter);
  EXPECT_TRUE(Describe(describer, view)->base->is_parameter);
  EXPECT_TRUE(Describe(describer, weight)->is_parameter);
  EXPECT_FALSE(Describe(describer, view)->is_parameter);
}

TEST(MetaTensorDescriberTest, WithoutRecursionAViewHasNoBase) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr desc = Describe(describer, at::empty({4}).view({2, 2}), {.recurse = false});
  EXPECT_TRUE(desc->is_view);
  EXPECT_EQ(desc->base, nullptr);
  EXPECT_EQ(desc->creation_meta, CreationMeta::kDefault);
}

// at::Tensor::is_leaf() would return true for it. See Note [Leaf views]. Autograd raises an error when asked for the
// grad_fn of a view whose base was modified in place, and then discards the grad_fn.
TEST(MetaTensorDescriberTest, AViewThatLostItsGradFnDoesNotRequireGrad) {
  const at::Tensor base = at::zeros({4}, at::kComplexFloat);
  const at::Tensor view = at::real(base.slice(/*dim=*/0, 1).set_requires_grad(true));
  ASSERT_TRUE(view.requires_grad());
  base.mul_(2);
  MetaTensorDescriber describer;
  const absl::StatusOr<MetaTensorDescPtr> desc = describer.DescribeTensor(view);
  ASSERT_THAT(desc, IsOk());
  EXPECT_FALSE((*desc)->is_leaf);
  EXPECT_FALSE((*desc)->requires_grad);
}

TEST(MetaTensorDescriberTest, AViewOfABaseThatWasChangedInPlaceIsNoLeaf) {
  MetaTensorDescriber describer;
  const at::Tensor x = at::zeros({2, 3});
  const at::Tensor v = x[0];
  x.mul_(at::ones({3}).set_requires_grad(true));
  const MetaTensorDescPtr desc = Describe(describer, v);
  EXPECT_FALSE(desc->is_leaf);
  EXPECT_TRUE(desc->requires_grad);
  EXPECT_FALSE(desc->base->is_leaf);
}

TEST(MetaTensorDescriberTest, NestingHasALimit) {
  MetaTensorDescriber describer;
  at::Tensor self = at::empty({1});
  self.mutable_grad() = self;
  EXPECT_THAT(describer.DescribeTensor(self), StatusIs(kInvalidArgument, HasSubstr("does a gradient lead back")));
  self.mutable_grad().reset();

  at::Tensor tensor = at::empty({1});
  for (int depth = 0; depth < MetaTensorDescriber::kMaxDepth; ++depth) {
    at::Tensor outer = at::empty({1});
    outer.mutable_grad() = tensor;
    tensor = outer;
  }
  EXPECT_THAT(describer.DescribeTensor(tensor), IsOk());
  at::Tensor outer = at::empty({1});
  outer.mutable_grad() = tensor;
  EXPECT_THAT(describer.DescribeTensor(outer), StatusIs(kInvalidArgument, HasSubstr("nested at most 256 deep")));
}

// The gradient of each tensor, and the gradient of its base, are the tensor of the level below. There are 2^levels
// paths from the last tensor to the first.
std::vector<at::Tensor> SharedAtEveryLevel(int levels) {
  std::vector<at::Tensor> tensors = {at::empty({2})};
  for (int level = 1; level <= levels; ++level) {
    at::Tensor base = at::empty({2});
    base.mutable_grad() = tensors.back();
    at::Tensor view = base.view({2});
    view.mutable_grad() = tensors.back();
    tensors.push_back(std::move(view));
  }
  return tensors;
}

TEST(MetaTensorDescriberTest, SharedPartsAreDescribedOncePerCall) {
  constexpr int kLevels = 60;
  const std::vector<at::Tensor> tensors = SharedAtEveryLevel(kLevels);
  MetaTensorDescriber describer;
  const MetaTensorDescPtr last = Describe(describer, tensors.back());
  // The ids are in the reference's order: first all gradients, from the last level down, then the bases, from the first
  // level up.
  const MetaTensorDesc* desc = last.get();
  for (int level = kLevels; level > 0; --level) {
    EXPECT_EQ(desc->id, kLevels - level);
    ASSERT_NE(desc->grad(), nullptr);
    ASSERT_NE(desc->base, nullptr);
    EXPECT_EQ(desc->base->id, kLevels + level);
    if (level > 1) {  // The first tensor has no parts, so it is described each time.
      EXPECT_EQ(desc->base->grad(), desc->grad());
    }
    desc = desc->grad().get();
  }
  EXPECT_EQ(desc->id, kLevels);
  EXPECT_EQ(describer.TensorCount(), 2 * kLevels + 1);
  EXPECT_EQ(describer.GetTensorId(at::empty({1})), 2 * kLevels + 1);

  // A later call describes all tensors again.
  const MetaTensorDescPtr again = Describe(describer, tensors.back());
  EXPECT_EQ(*again, *last);
  tensors[0].resize_({3});
  const MetaTensorDescPtr changed = Describe(describer, tensors.back());
  desc = changed.get();
  for (int level = kLevels; level > 0; --level) {
    EXPECT_EQ(*desc->base->grad(), *desc->grad());
    desc = desc->grad().get();
  }
  EXPECT_EQ(desc->size[0], 3);
  EXPECT_NE(*changed, *last);
}

// The same structure without sharing: each gradient is a separate tensor.
at::Tensor SharedNowhere(int levels) {
  if (levels == 0) return at::empty({2});
  at::Tensor base = at::empty({2});
  base.mutable_grad() = SharedNowhere(levels - 1);
  at::Tensor view = base.view({2});
  view.mutable_grad() = SharedNowhere(levels - 1);
  return view;
}

TEST(MetaTensorDescriberTest, SharingChangesNoRecord) {
  constexpr int kLevels = 6;
  const std::vector<at::Tensor> tensors = SharedAtEveryLevel(kLevels);
  MetaTensorDescriber describer;
  const MetaTensorDescPtr shared = Describe(describer, tensors.back());
  const MetaTensorDescPtr unshared = Describe(describer, SharedNowhere(kLevels));
  EXPECT_THAT(Equal().IgnoreIds().Differences(*shared, *unshared), ElementsAre());
  const MetaTensorDesc* desc = shared.get();
  for (std::size_t level = kLevels + 1; level-- > 0; desc = desc->grad().get()) {
    EXPECT_EQ(desc->id, describer.FindTensorId(tensors[level]));
    EXPECT_EQ(desc->storage->id, describer.FindStorageId(tensors[level].storage()));
  }
}

TEST(MetaTensorDescriberTest, WrappersThatShareTheirInnerTensors) {
  at::Tensor tensor = at::ones({2});
  for (int level = 0; level < 40; ++level) tensor = TwoTensor(tensor, tensor);
  MetaTensorDescriber describer;
  const MetaTensorDescPtr desc = Describe(describer, tensor);
  EXPECT_EQ(desc->id, 40);  // The inner tensors get their ids first.
  ASSERT_TRUE(desc->wrapper().attrs.has_value());
  EXPECT_EQ((*desc->wrapper().attrs)[0].second, (*desc->wrapper().attrs)[1].second);
  EXPECT_EQ(describer.TensorCount(), 41);
}

at::Tensor ChainOfGradients(int length, at::Tensor last) {
  for (int i = 0; i < length; ++i) {
    at::Tensor outer = at::empty({1});
    outer.mutable_grad() = std::move(last);
    last = std::move(outer);
  }
  return last;
}

// The depth limit applies to the longest path to a tensor, even if the tensor is reached by a shorter path first.
TEST(MetaTensorDescriberTest, SharedPartsCountWithTheirLongestPath) {
  const at::Tensor shared = ChainOfGradients(199, at::empty({1}));
  for (const int detour : {0, 54, 55, 56, 200}) {
    const at::Tensor base = at::empty({1});
    base.mutable_grad() = ChainOfGradients(detour, shared);
    at::Tensor view = base.view({1});
    view.mutable_grad() = shared;
    MetaTensorDescriber describer;
    if (2 + detour + 199 <= MetaTensorDescriber::kMaxDepth) {
      EXPECT_THAT(describer.DescribeTensor(view), IsOk()) << detour;
    } else {
      EXPECT_THAT(describer.DescribeTensor(view), StatusIs(kInvalidArgument, HasSubstr("nested at most 256 deep")))
          << detour;
      EXPECT_EQ(describer.tensor_table_size(), 0);
    }
  }
}

TEST(MetaTensorDescriberTest, ACycleBehindSharedParts) {
  const std::vector<at::Tensor> tensors = SharedAtEveryLevel(60);
  at::Tensor first = tensors[0];
  first.mutable_grad() = tensors[1];
  MetaTensorDescriber describer;
  EXPECT_THAT(describer.DescribeTensor(tensors.back()),
              StatusIs(kInvalidArgument, HasSubstr("does a gradient lead back")));
  first.mutable_grad().reset();
}

TEST(MetaTensorDescriberTest, TablesCountAndVisitLiveObjects) {
  MetaTensorDescriber describer;
  EXPECT_EQ(describer.TensorCount(), 0);
  EXPECT_EQ(describer.StorageCount(), 0);
  at::Tensor base = at::empty({4});
  at::Tensor view = base.view({2, 2});
  const at::Tensor other = at::empty({1});
  const at::Tensor known_but_not_described = at::empty({1});
  Describe(describer, base);
  Describe(describer, view);
  Describe(describer, other);
  describer.SetFacts(known_but_not_described, {.is_buffer = true});
  EXPECT_EQ(describer.TensorCount(), 3);
  EXPECT_EQ(describer.StorageCount(), 2);
  std::vector<std::pair<at::Tensor, MetaTensorId>> tensors;
  describer.ForEachTensor([&](const at::Tensor& tensor, MetaTensorId id) { tensors.emplace_back(tensor, id); });
  ASSERT_EQ(tensors.size(), 3);
  for (int id = 0; id < 3; ++id) EXPECT_EQ(tensors[id].second, id);
  EXPECT_TRUE(tensors[0].first.is_same(base));
  EXPECT_TRUE(tensors[1].first.is_same(view));
  EXPECT_TRUE(tensors[2].first.is_same(other));
  tensors.clear();
  // A visitor may use the describer, and release the object that it visits.
  std::vector<MetaStorageId> storages;
  describer.ForEachStorage([&](const c10::Storage& storage, MetaStorageId id) {
    EXPECT_EQ(describer.FindStorageId(storage), id);
    Describe(describer, at::empty({1}));
    describer.Sweep();
    storages.push_back(id);
    base.reset();
    view.reset();
    EXPECT_EQ(storage.nbytes(), id == 0 ? 16 : 4);
  });
  EXPECT_THAT(storages, ElementsAre(0, 1));
  EXPECT_EQ(describer.TensorCount(), 1);
  EXPECT_EQ(describer.StorageCount(), 1);
  EXPECT_EQ(describer.FindStorageId(other.storage()), 1);
  EXPECT_EQ(describer.FindStorageId(known_but_not_described.storage()), std::nullopt);
}

TEST(MetaTensorDescriberTest, UndefinedTensor) {
  MetaTensorDescriber describer;
  EXPECT_THAT(describer.DescribeTensor(at::Tensor()), StatusIs(kInvalidArgument, HasSubstr("undefined")));
}

// The type of LibTorch's tensors for backends with an opaque layout.
at::Tensor OpaqueTensor() {
  return at::detail::make_tensor<at::OpaqueTensorImpl<int>>(c10::DispatchKeySet(c10::DispatchKey::Vulkan),
                                                            caffe2::TypeMeta::Make<float>(), c10::Device("vulkan:0"), 0,
                                                            at::IntArrayRef{2});
}

TEST(MetaTensorDescriberTest, UnsupportedKindsAreNamedAndTakeNoId) {
  const at::Tensor matrix = at::eye(2);
  const at::Tensor quantized = at::quantize_per_tensor(matrix, 0.1, 0, at::kQUInt8);
  at::Tensor with_quantized_grad = at::eye(2);
  with_quantized_grad.mutable_grad() = quantized;
  const std::pair<const char*, at::Tensor> kSources[] = {
      {"view of a sparse tensor", matrix.to_sparse().values()},
      {"quantized", quantized},
      {"quantized", with_quantized_grad},
      {"legacy batched", at::makeBatched(matrix, {{0, 0}})},
      {"opaque (without a storage)", OpaqueTensor()},
  };
  MetaTensorDescriber describer;
  for (const auto& [name, source] : kSources) {
    EXPECT_THAT(describer.DescribeTensor(source),
                StatusIs(kUnimplemented, Eq("tensors of kind '" + std::string(name) + "' are not supported")));
  }
  EXPECT_EQ(describer.tensor_table_size(), 0);
  EXPECT_EQ(describer.storage_table_size(), 0);
  EXPECT_EQ(Describe(describer, at::empty({1}))->id, 0);
}

using Traced = std::vector<std::pair<std::string, std::string>>;

TEST(MetaTensorDescriberTest, TracesEachTensorAndStorageOnce) {
  Traced traced;
  MetaTensorDescriber describer({.trace_sink = [&](std::string_view name, const nlohmann::ordered_json& payload) {
    traced.emplace_back(name, payload.dump());
  }});
  const at::Tensor base = at::empty({4});
  const at::Tensor view = base.view({2, 2});
  Describe(describer, base);
  EXPECT_EQ(traced, Traced());
  Describe(describer, view, {.trace = true});
  Describe(describer, view, {.trace = true});
  Describe(describer, base, {.trace = true});
  const std::string id = std::to_string(describer.id());
  EXPECT_EQ(traced, (Traced{
                        {"describe_storage", R"({"id":0,"describer_id":)" + id + R"(,"size":16})"},
                        {"describe_tensor", AsJson(*Describe(describer, base), describer.id()).dump()},
                        {"describe_tensor", AsJson(*Describe(describer, view), describer.id()).dump()},
                    }));
}

}  // namespace
}  // namespace metaconv
