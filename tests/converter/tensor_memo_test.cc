#include "converter/tensor_memo.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "absl/types/span.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "converter/weak_memo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::StartsWith;

TEST(TensorMemoTest, ReturnsTheResultAfterABuild) {
  TensorMemo memo;
  at::Tensor tensor = at::empty({1});
  {
    TensorMemo::Build build = memo.GetOrStartBuild(3).value();
    EXPECT_FALSE(build.result().defined());
    EXPECT_FALSE(memo.Get(3).defined());
    build.Finish(tensor);
  }
  EXPECT_TRUE(memo.Get(3).is_same(tensor));
  EXPECT_TRUE(memo.GetOrStartBuild(3).value().result().is_same(tensor));
  tensor.reset();
  EXPECT_FALSE(memo.Get(3).defined());
  EXPECT_FALSE(memo.GetOrStartBuild(3).value().result().defined());
}

TEST(TensorMemoTest, AFailedBuildChangesNothing) {
  TensorMemo memo;
  { const TensorMemo::Build build = memo.GetOrStartBuild(3).value(); }
  EXPECT_FALSE(memo.Get(3).defined());
  EXPECT_FALSE(memo.GetOrStartBuild(3).value().result().defined());
}

TEST(TensorMemoTest, SetReplaces) {
  TensorMemo memo;
  const at::Tensor a = at::empty({1});
  const at::Tensor b = at::empty({1});
  memo.Set(0, a);
  memo.Set(0, b);
  EXPECT_TRUE(memo.Get(0).is_same(b));
}

TEST(TensorMemoTest, DeadEntriesAreSwept) {
  TensorMemo memo;
  for (int id = 0; id < 100'000; ++id) memo.GetOrStartBuild(id).value().Finish(at::empty({0}));
  EXPECT_LT(memo.size(), 2500);
}

TEST(TensorMemoTest, AThreadThatWouldWaitForItself) {
  TensorMemo memo;
  const TensorMemo::Build outer = memo.GetOrStartBuild(1).value();
  const TensorMemo::Build inner = memo.GetOrStartBuild(2).value();
  EXPECT_THAT(memo.GetOrStartBuild(1), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("record 1: expected")));
  EXPECT_FALSE(memo.GetOrStartBuild(3).value().result().defined());
}

TEST(TensorMemoThreadsTest, OneThreadBuildsAndTheOthersGetItsResult) {
  constexpr int kThreads = 8;
  for (int repetition = 0; repetition < 200; ++repetition) {
    TensorMemo memo;
    std::atomic<int> builds = 0;
    std::vector<at::Tensor> results(kThreads);
    RunThreads(kThreads, [&](int thread) {
      TensorMemo::Build build = memo.GetOrStartBuild(7).value();
      if (build.result().defined()) {
        results[thread] = build.result();
        return;
      }
      ++builds;
      results[thread] = at::empty({1});
      build.Finish(results[thread]);
    });
    EXPECT_EQ(builds, 1);
    for (const at::Tensor& result : results) EXPECT_TRUE(result.is_same(results[0]));
  }
}

TEST(TensorMemoThreadsTest, IfABuildFailsTheNextThreadBuilds) {
  constexpr int kThreads = 8;
  for (int repetition = 0; repetition < 200; ++repetition) {
    TensorMemo memo;
    std::atomic<int> builds = 0;
    RunThreads(kThreads, [&](int) {
      const TensorMemo::Build build = memo.GetOrStartBuild(7).value();  // Never finished.
      EXPECT_FALSE(build.result().defined());
      ++builds;
    });
    EXPECT_EQ(builds, kThreads);
  }
}

// Each thread builds one id of a cycle and requests the next one. The thread that would close the cycle builds the next
// id too, and the thread that was building it gets that result.
TEST(TensorMemoThreadsTest, ACycleOfWaitingThreadsIsBroken) {
  for (const int threads : {2, 3, 5}) {
    for (int repetition = 0; repetition < 100; ++repetition) {
      TensorMemo memo;
      std::barrier all_hold_one(threads);
      std::atomic<int> duplicates = 0;
      std::vector<at::Tensor> mine(threads), next(threads);
      RunThreads(threads, [&](int thread) {
        TensorMemo::Build build = memo.GetOrStartBuild(thread).value();
        all_hold_one.arrive_and_wait();
        TensorMemo::Build wanted = memo.GetOrStartBuild((thread + 1) % threads).value();
        next[thread] = wanted.result();
        if (!next[thread].defined()) {
          ++duplicates;
          EXPECT_FALSE(memo.GetOrStartBuild((thread + 1) % threads).ok());
          next[thread] = wanted.Finish(at::empty({1}));
        }
        mine[thread] = build.Finish(at::empty({1}));
      });
      EXPECT_EQ(duplicates, 1);
      for (int i = 0; i < threads; ++i) EXPECT_TRUE(next[i].is_same(mine[(i + 1) % threads]));
    }
  }
}

TEST(TensorMemoTest, WithoutABuildTheFirstResultWins) {
  TensorMemo memo;
  at::Tensor a = at::empty({1});
  const at::Tensor b = at::empty({1});
  EXPECT_TRUE(memo.GetOrSet(3, a).is_same(a));
  EXPECT_TRUE(memo.GetOrSet(3, b).is_same(a));
  a.reset();
  EXPECT_TRUE(memo.GetOrSet(3, b).is_same(b));
  EXPECT_TRUE(memo.Get(3).is_same(b));
}

TEST(TensorMemoTest, AResultThatIsStoredDuringABuildDoesNotEndIt) {
  for (const bool is_set : {false, true}) {
    TensorMemo memo;
    at::Tensor stored = at::empty({1});
    const at::Tensor built = at::empty({1});
    TensorMemo::Build build = memo.GetOrStartBuild(3).value();
    EXPECT_EQ(memo.GetUnlessBuilding(3), std::nullopt);
    if (is_set) {
      memo.Set(3, stored);
    } else {
      EXPECT_TRUE(memo.GetOrSet(3, stored).is_same(stored));
    }
    EXPECT_TRUE(memo.GetUnlessBuilding(3)->is_same(stored));
    EXPECT_TRUE(memo.GetOrStartBuild(3).value().result().is_same(stored));
    stored.reset();
    memo.Sweep();
    EXPECT_EQ(memo.GetUnlessBuilding(3), std::nullopt);
    EXPECT_FALSE(memo.Get(3).defined());
    EXPECT_FALSE(memo.GetOrStartBuild(3).ok());
    memo.Set(3, at::Tensor());
    EXPECT_FALSE(memo.GetOrStartBuild(3).ok());
    EXPECT_TRUE(build.Finish(built).is_same(built));
    EXPECT_TRUE(memo.Get(3).is_same(built));
  }
}

TEST(TensorMemoTest, AResultThatIsStoredDuringABuildIsUsed) {
  TensorMemo memo;
  const at::Tensor stored = at::empty({1});
  {
    TensorMemo::Build build = memo.GetOrStartBuild(3).value();
    memo.Set(3, stored);
    EXPECT_TRUE(build.Finish(at::empty({1})).is_same(stored));
    EXPECT_TRUE(memo.GetOrStartBuild(3).value().result().is_same(stored));
  }
  {
    TensorMemo::Build build = memo.GetOrStartBuild(4).value();
    memo.Set(4, at::empty({1}));
    // It ends without a result.
  }
  EXPECT_FALSE(memo.Get(4).defined());
  EXPECT_FALSE(memo.GetOrStartBuild(4).value().result().defined());
}

TEST(TensorMemoTest, ManyAtOnce) {
  TensorMemo memo;
  std::vector<MetaTensorId> ids;
  std::vector<at::Tensor> tensors;
  for (MetaTensorId id = 0; id < 300; ++id) {
    ids.push_back(id * 5);
    tensors.push_back(at::empty({id}));
  }
  ids.push_back(-1);
  tensors.push_back(at::empty({1}));
  const at::Tensor existing = at::empty({1});
  memo.Set(ids[7], existing);
  const TensorMemo::Build build = memo.GetOrStartBuild(ids[9]).value();
  memo.Set(ids[11], at::empty({1}));

  std::vector<std::optional<at::Tensor>> found = memo.GetUnlessBuilding(ids);
  ASSERT_EQ(found.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(found[i].has_value(), i != 9) << i;
    if (found[i].has_value()) {
      EXPECT_EQ(found[i]->defined(), i == 7) << i;
    }
  }

  std::vector<at::Tensor> results = tensors;
  memo.GetOrSet(ids, absl::MakeSpan(results));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_TRUE(results[i].is_same(i == 7 ? existing : tensors[i])) << i;
    EXPECT_TRUE(memo.Get(ids[i]).is_same(results[i])) << i;
  }
  found = memo.GetUnlessBuilding(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_TRUE(found[i]->is_same(results[i])) << i;
}

TEST(TensorMemoTest, SettingAnUndefinedTensorRemovesTheEntry) {
  TensorMemo memo;
  const at::Tensor a = at::empty({1});
  memo.Set(3, a);
  memo.Set(3, at::Tensor());
  EXPECT_FALSE(memo.Get(3).defined());
}

// Calls `look_up` on another thread from the destructor of an object, and counts the calls that return while the
// destructor runs. The destructor runs when the last weak reference to the dead object is destroyed. If the memo holds
// its lock at that time, `look_up` does not return before the destructor does.
class LookupOnDestruction {
 public:
  explicit LookupOnDestruction(std::function<void()> look_up) : look_up_(std::move(look_up)) {}

  // The function that the destructor must call.
  std::function<void()> OnDestroyed() {
    return [this] {
      lookups_.push_back(std::async(std::launch::async, look_up_));
      if (lookups_.back().wait_for(std::chrono::seconds(5)) == std::future_status::ready) ++finished_;
    };
  }
  int finished() const { return finished_; }

 private:
  const std::function<void()> look_up_;
  std::vector<std::future<void>> lookups_;
  int finished_ = 0;
};

class WatchedTensor final : public c10::TensorImpl {
 public:
  explicit WatchedTensor(std::function<void()> on_destroyed)
      : TensorImpl(c10::DispatchKeySet(c10::DispatchKey::Meta), caffe2::TypeMeta::Make<float>(), c10::Device("meta")),
        on_destroyed_(std::move(on_destroyed)) {}
  ~WatchedTensor() override { on_destroyed_(); }

 private:
  const std::function<void()> on_destroyed_;
};

TEST(TensorMemoTest, AReplacedReferenceIsDestroyedWithoutTheLock) {
  TensorMemo memo;
  const at::Tensor other = at::empty({1});
  LookupOnDestruction lookup([&] { memo.Get(3); });
  // Only the weak reference of the memo keeps the memory of the tensor.
  const auto put_dead_tensor = [&] { memo.Set(3, at::detail::make_tensor<WatchedTensor>(lookup.OnDestroyed())); };
  put_dead_tensor();
  memo.Set(3, other);
  EXPECT_EQ(lookup.finished(), 1);
  put_dead_tensor();
  memo.Set(3, at::Tensor());
  EXPECT_EQ(lookup.finished(), 2);
  put_dead_tensor();
  EXPECT_TRUE(memo.GetOrSet(3, other).is_same(other));
  EXPECT_EQ(lookup.finished(), 3);
  put_dead_tensor();
  EXPECT_TRUE(memo.GetOrStartBuild(3).value().Finish(other).is_same(other));
  EXPECT_EQ(lookup.finished(), 4);
}

struct Watched final : c10::intrusive_ptr_target {
  explicit Watched(std::function<void()> on_destroyed) : on_destroyed(std::move(on_destroyed)) {}
  ~Watched() override { on_destroyed(); }

  const std::function<void()> on_destroyed;
};

TEST(WeakMemoTest, AReplacedReferenceIsDestroyedWithoutTheLock) {
  WeakMemo<Watched> memo;
  LookupOnDestruction lookup([&] { memo.Get(3); });
  const auto other = c10::make_intrusive<Watched>([] {});
  const auto put_dead_object = [&] { memo.Set(3, c10::make_intrusive<Watched>(lookup.OnDestroyed())); };
  put_dead_object();
  memo.Set(3, other);
  EXPECT_EQ(lookup.finished(), 1);
  put_dead_object();
  memo.Set(3, {});
  EXPECT_EQ(lookup.finished(), 2);
  put_dead_object();
  EXPECT_FALSE(memo.GetOrSet(3, *other));
  EXPECT_EQ(lookup.finished(), 3);
}

TEST(TensorMemoTest, CountsAndVisitsLiveResults) {
  TensorMemo memo;
  std::vector<at::Tensor> alive;
  for (int id = 1000; id-- > 0;) {
    at::Tensor tensor = at::empty({id});
    memo.Set(id, tensor);
    if (id % 10 == 0) alive.push_back(std::move(tensor));
  }
  const TensorMemo::Build building = memo.GetOrStartBuild(5).value();
  EXPECT_EQ(memo.CountAlive(), 100);
  MetaTensorId next = 0;
  memo.ForEach([&](MetaTensorId id, const at::Tensor& tensor) {
    EXPECT_EQ(id, next);
    EXPECT_TRUE(memo.Get(id).is_same(tensor));
    EXPECT_EQ(tensor.numel(), id);
    next += 10;
  });
  EXPECT_EQ(next, 1000);
  alive.clear();
  EXPECT_EQ(memo.CountAlive(), 0);
  memo.ForEach([](MetaTensorId id, const at::Tensor&) { ADD_FAILURE() << id; });
}

TEST(WeakMemoTest, HoldsWeakly) {
  WeakMemo<c10::StorageImpl> memo;
  EXPECT_FALSE(memo.Get(1));
  const auto make = [] {
    return c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), 0, c10::DataPtr(), nullptr,
                                                 false);
  };
  auto a = make();
  const auto b = make();
  EXPECT_FALSE(memo.GetOrSet(1, *a));
  EXPECT_EQ(memo.GetOrSet(1, *b), a);
  EXPECT_EQ(memo.Get(1), a);
  a.reset();
  EXPECT_FALSE(memo.Get(1));
  EXPECT_FALSE(memo.GetOrSet(1, *b));
  EXPECT_EQ(memo.Get(1), b);
  a = make();
  memo.Set(1, a);
  EXPECT_EQ(memo.Get(1), a);
  for (int id = 2; id < 100'000; ++id) memo.Set(id, make());
  EXPECT_LT(memo.size(), 2500);
  EXPECT_EQ(memo.Get(1), a);
}

TEST(WeakMemoThreadsTest, TheFirstResultWins) {
  constexpr int kThreads = 8;
  for (int repetition = 0; repetition < 200; ++repetition) {
    WeakMemo<c10::StorageImpl> memo;
    std::vector<c10::intrusive_ptr<c10::StorageImpl>> winners(kThreads);
    RunThreads(kThreads, [&](int thread) {
      auto mine =
          c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), 0, c10::DataPtr(), nullptr, false);
      auto other = memo.GetOrSet(3, *mine);
      winners[thread] = other ? other : mine;
    });
    for (const auto& winner : winners) EXPECT_EQ(winner, winners[0]);
  }
}

}  // namespace
}  // namespace metaconv
