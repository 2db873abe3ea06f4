// Tests that many threads that convert related sources with one converter get the same results as a single thread.

#include <barrier>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/assert_metadata_eq.h"
#include "tests/testing/records.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A callback that waits at `barrier` in the first allocation of each conversion.
AllocationCallback MeetOnce(std::barrier<>& barrier) {
  return [&barrier, met = false](AllocationMaker make, c10::Device) mutable {
    if (!met) barrier.arrive_and_wait();
    met = true;
    return make();
  };
}

// Two tensors, each of which was the gradient of the other at some time, so that neither record contains itself. Each
// thread builds one of them and then needs the other. The results are the same as if the threads had run one after the
// other: the tensor of the first thread has the other tensor, built as a nested tensor, as its gradient.
void ExpectEachGetsItsOwn(MetaConverter& converter, const MetaTensorDescPtr (&records)[2]) {
  std::barrier both_build(2);
  std::vector<absl::StatusOr<at::Tensor>> results(2);
  RunThreads(2, [&](int i) { results[i] = converter.MetaTensor(*records[i], MeetOnce(both_build)); });
  for (const absl::StatusOr<at::Tensor>& result : results) ASSERT_THAT(result, IsOk());
  int gradients = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(results[i]->is_same(converter.GetTensorMemo(records[i]->id)));
    if (!results[i]->grad().defined()) continue;
    ++gradients;
    EXPECT_TRUE(results[i]->grad().storage().is_alias_of(results[1 - i]->storage()));
    EXPECT_THAT(AssertMetadataEq(*records[i], *results[i]), IsOk());
  }
  EXPECT_EQ(gradients, 1);
  EXPECT_EQ(converter.hits(), 2);
}

TEST(ConverterConcurrencyTest, RecordsThatLeadToEachOther) {
  MetaTensorDesc first = DenseRecord(0, {2, 3});
  MetaTensorDesc second = DenseRecord(1, {2, 3});
  first.extras.Edit().grad = Share(DenseRecord(1, {2, 3}));
  second.extras.Edit().grad = Share(DenseRecord(0, {2, 3}));
  MetaConverter converter;
  ExpectEachGetsItsOwn(converter, {Share(first), Share(second)});
}

TEST(ConverterConcurrencyTest, GradientsThatWereViewsOfEachOthersTensors) {
  const at::Tensor tensors[] = {at::ones({2, 3}), at::ones({2, 3})};
  MetaConverter converter;
  MetaTensorDescPtr records[2];
  for (int i = 0; i < 2; ++i) {
    tensors[i].mutable_grad() = tensors[1 - i].view({6}).view({2, 3});
    records[i] = converter.describer().DescribeTensor(tensors[i]).value();
    tensors[i].mutable_grad().reset();
  }
  ASSERT_EQ(records[0]->grad()->base->id, records[1]->id);
  ASSERT_EQ(records[1]->grad()->base->id, records[0]->id);
  ExpectEachGetsItsOwn(converter, records);
}

// Each thread's callback requests the tensor that the other thread builds. With one thread, each request would succeed.
TEST(ConverterConcurrencyTest, CallbacksThatAskForEachOthersTensor) {
  const at::Tensor sources[] = {at::ones({2}), at::ones({3})};
  MetaConverter converter;
  std::barrier both_build(2);
  std::vector<absl::StatusOr<at::Tensor>> results(2);
  std::vector<absl::StatusOr<at::Tensor>> others(2);
  RunThreads(2, [&](int i) {
    const AllocationCallback ask_for_the_other = [&](AllocationMaker make, c10::Device) {
      both_build.arrive_and_wait();
      others[i] = converter.Convert(sources[1 - i]);
      return make();
    };
    results[i] = converter.Convert(sources[i], {.callback = ask_for_the_other});
  });
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(results[i], IsOk());
    ASSERT_THAT(others[1 - i], IsOk());
    EXPECT_TRUE(results[i]->is_same(*others[1 - i]));
    EXPECT_TRUE(results[i]->is_same(converter.Convert(sources[i]).value()));
  }
}

void ExpectDense(const std::set<std::int64_t>& ids, std::int64_t count) {
  ASSERT_EQ(ids.size(), count);
  EXPECT_EQ(*ids.begin(), 0);
  EXPECT_EQ(*ids.rbegin(), count - 1);
}

// Half of the threads only describe. For the others, an unsupported tensor counts as a miss. It gets no id.
TEST(ConverterConcurrencyTest, IdsAreDenseAndCountsAddUp) {
  constexpr int kThreads = 8;
  constexpr int kBases = 40;
  const at::Tensor quantized = at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
  for (int repetition = 0; repetition < 20; ++repetition) {
    std::vector<at::Tensor> sources;
    for (int i = 0; i < kBases; ++i) {
      sources.push_back(at::empty({4, 6}));
      sources.push_back(sources.back().t());
      sources.push_back(quantized);
    }
    MetaConverter converter;
    RunThreads(kThreads, [&](int thread) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const at::Tensor& source = sources[(i + 5 * thread) % sources.size()];
        const bool is_supported = !source.is_quantized();
        if (thread % 2 == 0) {
          EXPECT_EQ(converter.describer().DescribeTensor(source).ok(), is_supported);
        } else {
          EXPECT_EQ(converter.Convert(source).ok(), is_supported);
        }
      }
    });
    EXPECT_EQ(converter.hits(), kThreads / 2 * 2 * kBases);
    EXPECT_EQ(converter.misses(), kThreads / 2 * kBases);
    std::set<MetaTensorId> ids;
    std::set<MetaStorageId> storage_ids;
    for (const at::Tensor& source : sources) {
      const std::optional<MetaTensorId> id = converter.describer().FindTensorId(source);
      ASSERT_EQ(id.has_value(), !source.is_quantized());
      if (!id.has_value()) continue;
      ids.insert(*id);
      storage_ids.insert(converter.describer().GetStorageId(source.storage()));
    }
    ExpectDense(ids, 2 * kBases);
    ExpectDense(storage_ids, kBases);
  }
}

TEST(ConverterCallbackTest, ConvertsAnotherTensor) {
  const at::Tensor source = at::ones({2});
  const at::Tensor other = at::ones({3});
  MetaConverter converter;
  absl::StatusOr<at::Tensor> converted;
  const AllocationCallback callback = [&](AllocationMaker make, c10::Device) {
    converted = converter.Convert(other);
    return make();
  };
  const absl::StatusOr<at::Tensor> result = converter.Convert(source, {.callback = callback});
  ASSERT_THAT(result, IsOk());
  ASSERT_THAT(converted, IsOk());
  EXPECT_THAT(result->sizes(), ElementsAre(2));
  EXPECT_THAT(converted->sizes(), ElementsAre(3));
  EXPECT_TRUE(converted->is_same(converter.Convert(other).value()));
  EXPECT_EQ(converter.hits(), 3);
}

// Returns an error instead of a deadlock.
TEST(ConverterCallbackTest, ConvertsTheSameTensor) {
  const at::Tensor source = at::ones({2});
  MetaConverter converter;
  absl::StatusOr<at::Tensor> converted;
  const AllocationCallback callback = [&](AllocationMaker make, c10::Device) {
    converted = converter.Convert(source);
    return make();
  };
  const absl::StatusOr<at::Tensor> result = converter.Convert(source, {.callback = callback});
  EXPECT_THAT(converted, StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("record 0: expected a conversion that does not depend on its own result")));
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(result->is_same(converter.Convert(source).value()));
  EXPECT_EQ(converter.hits(), 2);
  EXPECT_EQ(converter.misses(), 0);
}

// Sweep does not remove the entry of a result that is being built, so the nested request for it is detected.
TEST(ConverterCallbackTest, SweepsWhileItsTensorIsBuilt) {
  const at::Tensor view = at::ones({2, 3}).t();
  MetaConverter converter;
  absl::StatusOr<at::Tensor> converted;
  const AllocationCallback callback = [&](AllocationMaker make, c10::Device) {
    converter.Sweep();
    converted = converter.Convert(view);
    return make();
  };
  EXPECT_THAT(converter.Convert(view, {.callback = callback}), IsOk());
  EXPECT_THAT(converted, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not depend on its own result")));
}

}  // namespace
}  // namespace metaconv
