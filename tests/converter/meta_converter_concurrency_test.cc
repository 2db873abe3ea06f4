#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

at::Tensor Convert(MetaConverter& converter, const at::Tensor& tensor, const ConvertOptions& options = {}) {
  return converter.Convert(tensor, options).value();
}

bool SameStorage(const at::Tensor& a, const at::Tensor& b) {
  return a.storage().unsafeGetStorageImpl() == b.storage().unsafeGetStorageImpl();
}

MetaTensorDesc Cycle(MetaTensorId outer, MetaTensorId inner) {
  MetaTensorDesc middle = DenseRecord(inner, {1});
  middle.extras.Edit().grad = Share(DenseRecord(outer, {1}));
  MetaTensorDesc desc = DenseRecord(outer, {1});
  desc.extras.Edit().grad = Share(std::move(middle));
  return desc;
}

TEST(MetaConverterThreadsTest, RecordsThatContainEachOther) {
  const MetaTensorDesc kRecords[] = {Cycle(1, 2), Cycle(2, 1)};
  for (int repetition = 0; repetition < 300; ++repetition) {
    MetaConverter converter;
    std::vector<absl::Status> statuses(4);
    RunThreads(4, [&](int thread) { statuses[thread] = converter.MetaTensor(kRecords[thread % 2]).status(); });
    for (const absl::Status& status : statuses)
      ASSERT_THAT(status, StatusIs(kInvalidArgument, HasSubstr("depend on its own result")));
  }
}

// A graph with bases and views, views of views, aliases that are not views, and gradients that are views.
std::vector<at::Tensor> Graph() {
  std::vector<at::Tensor> tensors;
  for (int i = 0; i < 6; ++i) {
    const at::Tensor base = at::empty({4, 6}).set_requires_grad(i % 2 == 1);
    const at::Tensor flat_grad = at::empty({100});
    tensors.push_back(base.select(0, 1).slice(0, 2));
    tensors.push_back(base.detach());
    tensors.push_back(base.t());
    tensors.push_back(at::empty({0}).set_(base.storage(), 3, {2, 2}, {5, 1}));
    tensors.push_back(base);
    at::Tensor weight = base.detach().slice(0, 0, 2).detach().set_requires_grad(true);
    weight.mutable_grad() = flat_grad.slice(0, 5, 17).view({2, 6});
    tensors.push_back(weight);
    tensors.push_back(flat_grad);
  }
  return tensors;
}

TEST(MetaConverterThreadsTest, OneResultForEachSourceAndOneStorageForEachStorage) {
  constexpr int kThreads = 8;
  const std::vector<at::Tensor> sources = Graph();
  for (int repetition = 0; repetition < 100; ++repetition) {
    MetaConverter converter;
    std::vector<std::vector<at::Tensor>> results(kThreads, std::vector<at::Tensor>(sources.size()));
    RunThreads(kThreads, [&](int thread) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const std::size_t index = (5 * i + 7 * thread) % sources.size();
        results[thread][index] = Convert(converter, sources[index]);
      }
    });
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const at::Tensor& result = results[0][i];
      for (const std::vector<at::Tensor>& others : results) ASSERT_TRUE(others[i].is_same(result));
      ASSERT_EQ(result.strides(), sources[i].strides());
      ASSERT_EQ(result.storage().nbytes(), sources[i].storage().nbytes());
      for (std::size_t j = 0; j < i; ++j) {
        ASSERT_EQ(SameStorage(result, results[0][j]), SameStorage(sources[i], sources[j])) << i << " and " << j;
        ASSERT_EQ(result.is_view() && result._base().is_same(results[0][j]),
                  sources[i].is_view() && sources[i]._base().is_same(sources[j]));
      }
    }
    EXPECT_EQ(converter.hits(), kThreads * static_cast<std::int64_t>(sources.size()));
  }
}

TEST(MetaConverterThreadsTest, ResultsThatAreDroppedAtOnce) {
  constexpr int kThreads = 8;
  const std::vector<at::Tensor> sources = Graph();
  MetaConverter converter;
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < 3000; ++i) {
      const at::Tensor& source = sources[(5 * i + thread) % sources.size()];
      const at::Tensor result = Convert(converter, source);
      ASSERT_EQ(result.sizes(), source.sizes());
      ASSERT_EQ(result.is_view(), source.is_view());
      if (result.is_view()) {
        ASSERT_TRUE(SameStorage(result, at::Tensor(result._base())));
      }
    }
  });
  EXPECT_TRUE(converter.successful());
}

TEST(MetaConverterThreadsTest, MemosAreVisitedWhileOthersConvert) {
  constexpr int kThreads = 8;
  constexpr int kHeld = 100;
  MetaConverter converter;
  std::vector<at::Tensor> sources, held;
  for (int i = 0; i < kHeld; ++i) {
    sources.push_back(at::empty({i}));
    held.push_back(Convert(converter, sources.back()));
  }
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < 200; ++i) {
      if (thread % 2 == 0) {  // The result is destroyed immediately.
        for (int k = 0; k < 10; ++k) Convert(converter, at::empty({kHeld}));
        continue;
      }
      MetaTensorId last = -1;
      int found = 0;
      converter.ForEachTensorMemo([&](MetaTensorId id, const at::Tensor& tensor) {
        EXPECT_LT(last, id);
        last = id;
        if (id < kHeld) {
          EXPECT_TRUE(tensor.is_same(held[id]));
          ++found;
        } else {
          EXPECT_EQ(tensor.numel(), kHeld);
        }
      });
      EXPECT_EQ(found, kHeld);
      found = 0;
      converter.ForEachStorageMemo([&](MetaStorageId id, const c10::Storage& storage) {
        if (id < kHeld) {
          EXPECT_EQ(storage.unsafeGetStorageImpl(), held[id].storage().unsafeGetStorageImpl());
          ++found;
        }
      });
      EXPECT_EQ(found, kHeld);
      EXPECT_GE(converter.TensorMemoSize(), kHeld);
      EXPECT_LE(converter.TensorMemoSize(), kHeld + 2 * kThreads);
      EXPECT_GE(converter.StorageMemoSize(), kHeld);
    }
  });
  EXPECT_EQ(converter.TensorMemoSize(), kHeld);
  EXPECT_EQ(converter.StorageMemoSize(), kHeld);
}

TEST(MetaConverterThreadsTest, CallbacksThatFailOccasionally) {
  constexpr int kThreads = 8;
  const std::vector<at::Tensor> sources = Graph();
  for (int repetition = 0; repetition < 20; ++repetition) {
    std::atomic<int> calls = 0;
    const ConvertOptions options = {.callback = [&](AllocationMaker make, c10::Device) -> at::Tensor {
      if (++calls % 3 == 0) throw std::runtime_error("now and then");
      return make();
    }};
    MetaConverter converter;
    std::vector<std::vector<at::Tensor>> results(kThreads, std::vector<at::Tensor>(sources.size()));
    RunThreads(kThreads, [&](int thread) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const std::size_t index = (5 * i + 7 * thread) % sources.size();
        for (int attempt = 0; attempt < 1000 && !results[thread][index].defined(); ++attempt) {
          absl::StatusOr<at::Tensor> result = converter.Convert(sources[index], options);
          if (result.ok()) results[thread][index] = *std::move(result);
        }
      }
    });
    for (std::size_t i = 0; i < sources.size(); ++i) {
      ASSERT_TRUE(results[0][i].defined());
      for (const std::vector<at::Tensor>& others : results) ASSERT_TRUE(others[i].is_same(results[0][i]));
    }
  }
}

}  // namespace
}  // namespace metaconv
