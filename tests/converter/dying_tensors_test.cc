// Tests sources and results that are destroyed while other threads describe and convert.

#include <array>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/assert_metadata_eq.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 300;

// In each round, calls prepare(round) on one thread, then work(round, thread) on all threads at once, then check(round)
// on one thread. A tensor that one thread releases at the beginning of its work is destroyed while the others use it.
template <typename Prepare, typename Work, typename Check>
void RunRounds(Prepare prepare, Work work, Check check) {
  std::barrier step(kThreads);
  RunThreads(kThreads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      if (thread == 0) prepare(round);
      step.arrive_and_wait();
      work(round, thread);
      step.arrive_and_wait();
      if (thread == 0) check(round);
    }
  });
}

at::Tensor Alias(const at::Tensor& tensor, std::int64_t offset) {
  return at::empty({0}).set_(tensor.storage(), offset, {2, 2}, {5, 1});
}

TEST(DyingTensorsTest, IdsOfDestroyedTensorsAreNotReused) {
  MetaTensorDescriber describer;
  std::vector<at::Tensor> shared(kThreads);
  std::vector<MetaTensorDescPtr> records(kThreads);
  std::array<std::vector<MetaTensorDescPtr>, kThreads> own;
  std::vector<MetaTensorDescPtr> all;
  RunRounds([&](int) { shared.assign(kThreads, at::empty({4})); },
            [&](int round, int thread) {
              records[thread] = describer.DescribeTensor(shared[thread]).value();
              shared[thread].reset();  // The last thread that releases it destroys it.
              own[thread].push_back(describer.DescribeTensor(at::empty({4})).value());
              if (round % kThreads == thread) describer.Sweep();
            },
            [&](int) {
              all.push_back(records[0]);
              for (const MetaTensorDescPtr& record : records) EXPECT_EQ(*record, *records[0]);
            });
  for (const std::vector<MetaTensorDescPtr>& some : own) all.insert(all.end(), some.begin(), some.end());
  std::set<MetaTensorId> ids;
  std::set<MetaStorageId> storage_ids;
  for (const MetaTensorDescPtr& record : all) {
    ids.insert(record->id);
    storage_ids.insert(record->storage->id);
  }
  EXPECT_EQ(ids.size(), all.size());
  EXPECT_EQ(*ids.rbegin(), all.size() - 1);
  EXPECT_EQ(storage_ids, ids);  // The same number of ids, without gaps.
  describer.Sweep();
  EXPECT_EQ(describer.tensor_table_size(), 0);
  EXPECT_EQ(describer.storage_table_size(), 0);
}

// Two threads convert the same source while two others release its result from the previous round.
TEST(DyingTensorsTest, RecreatedResultsShareStoragesLikeTheirSources) {
  std::vector<at::Tensor> sources;
  for (int i = 0; i < 2; ++i) {
    const at::Tensor base = at::empty({4, 6}).set_requires_grad(i == 1);
    sources.push_back(base);
    sources.push_back(Alias(base, 3));
    sources.push_back(base.detach());
    sources.push_back(base.t());
  }
  MetaConverter converter;
  std::vector<MetaTensorDescPtr> records;
  for (const at::Tensor& source : sources) records.push_back(converter.describer().DescribeTensor(source).value());

  std::vector<at::Tensor> results(kThreads);
  const auto source_of = [&](int round, int thread) { return (round + thread / 2) % sources.size(); };
  RunRounds([](int) {},
            [&](int round, int thread) {
              results[thread].reset();
              if (round % kThreads == thread) converter.Sweep();
              results[thread] = converter.Convert(sources[source_of(round, thread)]).value();
            },
            [&](int round) {
              for (int i = 0; i < kThreads; ++i) {
                const std::size_t a = source_of(round, i);
                EXPECT_THAT(AssertMetadataEq(*records[a], results[i]), IsOk());
                for (int j = 0; j < i; ++j) {
                  const std::size_t b = source_of(round, j);
                  EXPECT_EQ(results[i].is_same(results[j]), a == b);
                  EXPECT_EQ(results[i].storage().is_alias_of(results[j].storage()), a / 4 == b / 4);
                }
              }
            });
  EXPECT_EQ(converter.hits(), kRounds * kThreads);
  results.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    EXPECT_FALSE(converter.GetTensorMemo(records[i]->id).defined());
    EXPECT_FALSE(converter.GetStorageMemo(records[i]->storage->id));
  }
}

// The base is never converted directly, so its result exists only as long as those of its views.
TEST(DyingTensorsTest, ViewsOfOneBaseHaveOneBaseAndOneVersionCounter) {
  for (const bool requires_grad : {false, true}) {
    const at::Tensor base = at::empty({kThreads, 6}).set_requires_grad(requires_grad);
    std::vector<at::Tensor> sources;
    for (int i = 0; i < kThreads; ++i) sources.push_back(base.select(0, i));
    MetaConverter converter;
    std::vector<at::Tensor> results(kThreads);
    RunRounds([](int) {},
              [&](int, int thread) {
                results[thread].reset();
                results[thread] = converter.Convert(sources[thread]).value();
              },
              [&](int) {
                results[0].unsafeGetTensorImpl()->bump_version();
                for (int i = 0; i < kThreads; ++i) {
                  EXPECT_TRUE(results[i]._base().is_same(results[0]._base()));
                  EXPECT_EQ(results[i]._version(), results[0]._version());
                  EXPECT_TRUE(results[i].storage().is_alias_of(results[0].storage()));
                  EXPECT_EQ(results[i].storage_offset(), 6 * i);
                }
                EXPECT_EQ(at::Tensor(results[0]._base())._version(), results[0]._version());
              });
  }
}

// Some threads sweep, some fill the tables with entries that die immediately, and some look up live entries.
TEST(DyingTensorsTest, SweepsKeepLiveEntries) {
  std::vector<at::Tensor> sources;
  for (int i = 0; i < 100; ++i) {
    sources.push_back(at::empty({4, 6}));
    sources.push_back(sources.back().t());
  }
  MetaConverter converter;
  std::vector<at::Tensor> results;
  for (const at::Tensor& source : sources) results.push_back(converter.Convert(source).value());
  RunRounds([](int) {},
            [&](int, int thread) {
              if (thread == 0) converter.Sweep();
              if (thread == 1) {
                for (int i = 0; i < 50; ++i) EXPECT_THAT(converter.Convert(at::empty({2})), IsOk());
              }
              if (thread < 2) return;
              for (std::size_t i = 0; i < sources.size(); ++i) {
                EXPECT_TRUE(converter.Convert(sources[i]).value().is_same(results[i]));
              }
            },
            [](int) {});
  EXPECT_EQ(converter.misses(), 0);
}

}  // namespace
}  // namespace metaconv
