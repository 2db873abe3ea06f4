// Tests descriptions of many tensors at once: they give the records of one description after another.

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/equal.h"
#include "tests/testing/random_graph.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Tensors = std::vector<at::Tensor>;
using Record = absl::StatusOr<MetaTensorDescPtr>;

std::vector<Record> OneByOne(MetaTensorDescriber& describer, const Tensors& tensors, const DescribeOptions& options) {
  std::vector<Record> records;
  for (const at::Tensor& tensor : tensors) records.push_back(describer.DescribeTensor(tensor, options));
  return records;
}

void ExpectSame(const std::vector<Record>& found, const std::vector<Record>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].status(), expected[i].status()) << i;
    if (!found[i].ok()) continue;
    ASSERT_THAT(Equal().IgnoreProcessLocal().Differences(**found[i], **expected[i]), ElementsAre()) << i;
  }
}

TEST(MetaTensorDescriberBatchTest, RecordsAreThoseOfOneCallAfterAnother) {
  struct Case {
    bool copy_data = false;
    DescribeOptions options = {};
  };
  const Case kCases[] = {
      {}, {}, {}, {.copy_data = true}, {.options = {.facts = {.is_parameter = true}}}, {.options = {.recurse = false}}};
  for (unsigned seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    const Case& c = kCases[seed % std::size(kCases)];
    RandomGraph graph(seed);
    MetaTensorDescriber at_once({.copy_data = c.copy_data});
    MetaTensorDescriber one_by_one({.copy_data = c.copy_data});
    for (int round = 0; round < 4; ++round) {
      graph.Grow(60);
      const at::Tensor with_facts = graph.Some(1)[0];
      for (MetaTensorDescriber* describer : {&at_once, &one_by_one}) {
        if (with_facts.defined()) describer->SetFacts(with_facts, {.is_buffer = true});
      }
      const Tensors some = graph.Some(150);
      ExpectSame(at_once.DescribeTensors(some, c.options), OneByOne(one_by_one, some, c.options));
      if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_EQ(at_once.TensorCount(), one_by_one.TensorCount());
    EXPECT_EQ(at_once.StorageCount(), one_by_one.StorageCount());
    const at::Tensor last = at::empty({1});
    EXPECT_EQ(at_once.GetTensorId(last), one_by_one.GetTensorId(last));
    EXPECT_EQ(at_once.GetStorageId(last.storage()), one_by_one.GetStorageId(last.storage()));
  }
}

TEST(MetaTensorDescriberBatchTest, EmptyAndLargeSpans) {
  MetaTensorDescriber describer;
  EXPECT_TRUE(describer.DescribeTensors({}).empty());
  ASSERT_THAT(describer.DescribeAllTensors({}), IsOk());
  Tensors tensors;
  for (int i = 0; i < 1000; ++i) tensors.push_back(at::empty({i}));
  const std::vector<MetaTensorDescPtr> records = describer.DescribeAllTensors(tensors).value();
  ASSERT_EQ(records.size(), tensors.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i]->id, i);
    EXPECT_EQ(records[i]->storage->id, i);
    EXPECT_EQ(records[i]->size[0], i);
  }
  std::vector<MetaTensorId> ids(1000);
  describer.FindTensorIds(tensors, absl::MakeSpan(ids));
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], i);
  const Tensors unknown = {at::empty({1}), tensors[3]};
  ids.resize(2);
  describer.FindTensorIds(unknown, absl::MakeSpan(ids));
  EXPECT_THAT(ids, ElementsAre(Identity::kNoId, 3));
  EXPECT_EQ(describer.tensor_table_size(), 1000);
}

TEST(MetaTensorDescriberBatchTest, ATensorThatFailsTakesNoId) {
  MetaTensorDescriber describer;
  const at::Tensor quantized = at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
  const Tensors tensors = {at::empty({1}), at::Tensor(), quantized, at::empty({1})};
  const std::vector<Record> records = describer.DescribeTensors(tensors);
  EXPECT_EQ(records[0].value()->id, 0);
  EXPECT_THAT(records[1], StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("undefined")));
  EXPECT_THAT(records[2], StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("quantized")));
  EXPECT_EQ(records[3].value()->id, 1);
}

TEST(MetaTensorDescriberBatchTest, AllOrNone) {
  MetaTensorDescriber describer;
  const at::Tensor quantized = at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
  Tensors tensors(200, at::empty({1}));
  tensors.push_back(quantized);
  EXPECT_THAT(describer.DescribeAllTensors(tensors),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("tensor 200: ")));
  EXPECT_EQ(describer.tensor_table_size(), 0);
  EXPECT_EQ(describer.storage_table_size(), 0);
  EXPECT_EQ(describer.GetTensorId(at::empty({1})), 0);
}

// The tensors of each block are destroyed before the next block is made, often at the same addresses.
TEST(MetaTensorDescriberBatchTest, TensorsThatComeAndGo) {
  MetaTensorDescriber describer;
  MetaTensorId next = 0;
  for (int round = 0; round < 200; ++round) {
    Tensors tensors;
    for (int i = 0; i < 100; ++i) tensors.push_back(at::empty({2}));
    const std::vector<MetaTensorDescPtr> records = describer.DescribeAllTensors(tensors).value();
    for (const MetaTensorDescPtr& record : records) {
      EXPECT_EQ(record->id, next);
      EXPECT_EQ(record->storage->id, next++);
    }
    if (round % 3 == 0) describer.Sweep();
    EXPECT_LE(describer.tensor_table_size(), 5000);
  }
  describer.Sweep();
  EXPECT_EQ(describer.tensor_table_size(), 0);
  EXPECT_EQ(describer.storage_table_size(), 0);
}

TEST(MetaTensorDescriberBatchTest, FactsThatAreSetMeanwhile) {
  const at::Tensor base = at::empty({2, 3});
  const Tensors tensors = {base.t(), base};
  MetaTensorDescriber describer;
  KnownIds known;
  ASSERT_EQ(known.AddLeading(tensors), 2);
  describer.Identify(known);
  describer.SetFacts(base, {.is_parameter = true});
  MomentaryRecord view_record;
  ASSERT_THAT(describer.DescribeTensorInto(tensors[0], {}, view_record, &known), IsOk());
  EXPECT_TRUE(view_record.desc.base->is_parameter);
  MomentaryRecord record;
  ASSERT_THAT(describer.DescribeTensorInto(tensors[1], {}, record, &known), IsOk());
  EXPECT_TRUE(record.desc.is_parameter);
  EXPECT_EQ(record.desc.id, 1);
}

// Tensors whose turn is left out keep their ids.
TEST(MetaTensorDescriberBatchTest, SomeOfTheKnownTensors) {
  for (const bool copy_data : {false, true}) {
    Tensors tensors;
    for (int i = 0; i < 30; ++i) tensors.push_back(i % 3 == 0 ? at::empty({2, 3}).t() : at::empty({i}));
    MetaTensorDescriber describer({.copy_data = copy_data});
    MetaTensorDescriber expected({.copy_data = copy_data});
    OneByOne(expected, tensors, {});
    KnownIds known;
    ASSERT_EQ(known.AddLeading(tensors), 30);
    describer.Identify(known);
    if (copy_data) OneByOne(describer, tensors, {});  // Then, nothing is known ahead.
    for (std::size_t i = 0; i < 30; i += 4) {
      MomentaryRecord record;
      ASSERT_THAT(describer.DescribeTensorInto(tensors[i], {}, record, &known), IsOk());
      EXPECT_EQ(record.desc.id, expected.FindTensorId(tensors[i]));
      EXPECT_EQ(record.desc.storage->id, expected.FindStorageId(tensors[i].storage()));
    }
  }
}

TEST(MetaTensorDescriberBatchTest, ThreadsWithOverlappingSpans) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10;
  MetaTensorDescriber describer;
  Tensors tensors;
  std::vector<std::vector<MetaTensorDescPtr>> records(kThreads);
  std::barrier step(kThreads);
  RunThreads(kThreads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      if (thread == 0) {
        tensors.clear();
        for (int i = 0; i < 200; ++i) {
          const at::Tensor base = at::empty({2, 3});
          tensors.push_back(i % 2 == 0 ? base.t() : base);
          if (i % 4 < 2) tensors.push_back(base);
        }
      }
      step.arrive_and_wait();
      const std::size_t half = tensors.size() / 2;
      const absl::Span<const at::Tensor> all = tensors;
      records[thread].clear();
      for (const auto& part :
           {all.subspan(thread % 2 == 0 ? 0 : half, half), all.subspan(thread % 2 == 0 ? half : 0, half)}) {
        for (Record& record : describer.DescribeTensors(part)) records[thread].push_back(*std::move(record));
      }
      if (thread % 2 == 1) std::rotate(records[thread].begin(), records[thread].begin() + half, records[thread].end());
      step.arrive_and_wait();
      for (std::size_t i = 0; i < records[0].size(); ++i) ASSERT_EQ(*records[thread][i], *records[0][i]);
      step.arrive_and_wait();
    }
  });
  std::set<MetaTensorId> ids;
  describer.ForEachTensor([&](const at::Tensor&, MetaTensorId id) { ids.insert(id); });
  // Each round has 200 bases and 100 views; only those of the last round are alive.
  EXPECT_EQ(ids.size(), 300);
  EXPECT_EQ(*ids.rbegin(), 300 * kRounds - 1);
  EXPECT_EQ(describer.GetTensorId(at::empty({1})), 300 * kRounds);
  EXPECT_EQ(describer.GetStorageId(at::empty({1}).storage()), 200 * kRounds);
}

}  // namespace
}  // namespace metaconv
