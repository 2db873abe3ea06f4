#include <atomic>
#include <cstddef>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "absl/container/flat_hash_set.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

using ::testing::Each;
using ::testing::Lt;

MetaTensorDescPtr Describe(MetaTensorDescriber& describer, const at::Tensor& tensor,
                           const DescribeOptions& options = {}) {
  return describer.DescribeTensor(tensor, options).value();
}

TEST(MetaTensorDescriberThreadsTest, OneIdForEachTensorAndIdsAreDense) {
  constexpr int kThreads = 8;
  constexpr std::size_t kTensors = 200;
  for (int repetition = 0; repetition < 10; ++repetition) {
    std::vector<at::Tensor> tensors;
    for (std::size_t i = 0; i < kTensors / 2; ++i) {
      tensors.push_back(at::empty({4}));
      tensors.push_back(tensors.back().view({2, 2}));
    }
    MetaTensorDescriber describer;
    std::vector<std::vector<MetaTensorDescPtr>> descs(kThreads, std::vector<MetaTensorDescPtr>(kTensors));
    RunThreads(kThreads, [&](int thread) {
      for (std::size_t i = 0; i < kTensors; ++i) {
        const std::size_t index = (i + 31 * thread) % kTensors;
        descs[thread][index] = Describe(describer, tensors[index]);
      }
    });
    absl::flat_hash_set<MetaTensorId> tensor_ids;
    absl::flat_hash_set<MetaStorageId> storage_ids;
    for (std::size_t i = 0; i < kTensors; ++i) {
      for (int thread = 0; thread < kThreads; ++thread) {
        ASSERT_EQ(*descs[thread][i], *descs[0][i]);
      }
      tensor_ids.insert(descs[0][i]->id);
      storage_ids.insert(descs[0][i]->storage->id);
      if (descs[0][i]->is_view) {
        ASSERT_EQ(descs[0][i]->base->id, descs[0][i - 1]->id);
      }
    }
    EXPECT_EQ(tensor_ids.size(), kTensors);
    EXPECT_THAT(tensor_ids, Each(Lt(MetaTensorId{kTensors})));
    EXPECT_EQ(storage_ids.size(), kTensors / 2);
    EXPECT_THAT(storage_ids, Each(Lt(MetaStorageId{kTensors / 2})));
  }
}

TEST(MetaTensorDescriberThreadsTest, TensorsThatComeAndGo) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 2000;
  MetaTensorDescriber describer;
  std::vector<std::vector<MetaTensorId>> ids(kThreads);
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) ids[thread].push_back(Describe(describer, at::empty({1}))->id);
  });
  absl::flat_hash_set<MetaTensorId> all;
  for (const std::vector<MetaTensorId>& some : ids) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), kThreads * kRounds);
  EXPECT_LT(describer.tensor_table_size(), 2500);
}

TEST(MetaTensorDescriberThreadsTest, TablesAreVisitedWhileOthersDescribe) {
  constexpr int kThreads = 8;
  constexpr int kHeld = 100;
  MetaTensorDescriber describer;
  std::vector<at::Tensor> held;
  for (int i = 0; i < kHeld; ++i) {
    held.push_back(at::empty({i}));
    Describe(describer, held.back());
  }
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < 200; ++i) {
      if (thread % 2 == 0) {  // One at a time, which dies at once.
        for (int k = 0; k < 10; ++k) Describe(describer, at::empty({kHeld}));
        continue;
      }
      MetaTensorId last = -1;
      int found = 0;
      describer.ForEachTensor([&](const at::Tensor& tensor, MetaTensorId id) {
        EXPECT_LT(last, id);
        last = id;
        EXPECT_EQ(tensor.numel(), std::min<MetaTensorId>(id, kHeld));
        if (id < kHeld) ++found;
      });
      EXPECT_EQ(found, kHeld);
      found = 0;
      describer.ForEachStorage([&](const c10::Storage&, MetaStorageId id) {
        if (id < kHeld) ++found;
      });
      EXPECT_EQ(found, kHeld);
      EXPECT_GE(describer.TensorCount(), kHeld);
      EXPECT_LE(describer.TensorCount(), kHeld + 2 * kThreads);
    }
  });
  EXPECT_EQ(describer.TensorCount(), kHeld);
  EXPECT_EQ(describer.StorageCount(), kHeld);
}

TEST(MetaTensorDescriberThreadsTest, TracedOnce) {
  constexpr int kThreads = 8;
  std::atomic<int> traced = 0;
  MetaTensorDescriber describer({.trace_sink = [&](std::string_view, const nlohmann::ordered_json&) { ++traced; }});
  const at::Tensor tensor = at::empty({4});
  RunThreads(kThreads, [&](int) { Describe(describer, tensor, {.trace = true}); });
  EXPECT_EQ(traced, 2);
}

}  // namespace
}  // namespace metaconv
