// Tests conversions of many tensors at once: they give the results of one conversion after another.

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"
#include "describer/compare_tensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/random_graph.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Tensors = std::vector<at::Tensor>;
using Result = absl::StatusOr<at::Tensor>;

at::Tensor Quantized() { return at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8); }

// Checks that `many` and `single` have the same ids, and that `results` and `expected` are the same, except that they
// are different objects: equal elements are the same object in both, and storages are shared alike.
void ExpectSame(MetaConverter& many, const std::vector<Result>& results, MetaConverter& single,
                const std::vector<Result>& expected, const Tensors& sources) {
  ASSERT_EQ(results.size(), expected.size());
  absl::flat_hash_map<const at::TensorImpl*, const at::TensorImpl*> counterparts;
  absl::flat_hash_map<const c10::StorageImpl*, const c10::StorageImpl*> storages;
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].status(), expected[i].status()) << i;
    if (!results[i].ok()) continue;
    const at::Tensor& a = *results[i];
    const at::Tensor& b = *expected[i];
    EXPECT_EQ(counterparts.try_emplace(a.unsafeGetTensorImpl(), b.unsafeGetTensorImpl()).first->second,
              b.unsafeGetTensorImpl())
        << i;
    EXPECT_EQ(a.has_storage(), b.has_storage()) << i;
    if (a.has_storage()) {
      const c10::StorageImpl* storage = b.storage().unsafeGetStorageImpl();
      EXPECT_EQ(storages.try_emplace(a.storage().unsafeGetStorageImpl(), storage).first->second, storage) << i;
    }
    EXPECT_THAT(AssertMetadataEq(a, b), IsOk()) << i;
    EXPECT_EQ(many.describer().FindTensorId(sources[i]), single.describer().FindTensorId(sources[i])) << i;
    EXPECT_TRUE(many.Convert(sources[i])->is_same(a)) << i;
  }
}

std::vector<Result> OneByOne(MetaConverter& converter, const Tensors& tensors, const ConvertOptions& options = {}) {
  std::vector<Result> results;
  for (const at::Tensor& tensor : tensors) results.push_back(converter.Convert(tensor, options));
  return results;
}

TEST(MetaConverterBatchTest, ResultsAreThoseOfOneCallAfterAnother) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    RandomGraph graph(seed);
    graph.Grow(200);
    MetaConverter many;
    MetaConverter single;
    std::vector<Result> held;  // Some results stay alive, others are made again.
    for (int call = 0; call < 3; ++call) {
      const Tensors sources = graph.Some(150);
      const std::vector<Result> results = many.Convert(sources);
      const std::vector<Result> expected = OneByOne(single, sources);
      ExpectSame(many, results, single, expected, sources);
      if (HasFatalFailure() || HasFailure()) FAIL() << "seed " << seed;
      for (std::size_t i = 0; i < results.size(); i += 2) {
        held.push_back(results[i]);
        held.push_back(expected[i]);
      }
    }
    EXPECT_EQ(many.describer().TensorCount(), single.describer().TensorCount());
    EXPECT_EQ(many.describer().StorageCount(), single.describer().StorageCount());
  }
}

TEST(MetaConverterBatchTest, ResultsAreCounted) {
  const Tensors sources = {at::empty({2}), Quantized(), at::empty({3}), at::Tensor()};
  MetaConverter converter;
  const std::vector<Result> results = converter.Convert(sources);
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("quantized")));
  EXPECT_THAT(results[3], StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("undefined")));
  EXPECT_EQ(converter.hits(), 2);
  EXPECT_EQ(converter.misses(), 1);
}

TEST(MetaConverterBatchTest, NoTensors) {
  MetaConverter converter;
  EXPECT_THAT(converter.Convert(Tensors()), IsEmpty());
  EXPECT_THAT(converter.ConvertAll({}).value(), IsEmpty());
  EXPECT_THAT(converter.MetaTensors({}), IsEmpty());
}

TEST(MetaConverterBatchTest, AllOrNone) {
  MetaConverter converter;
  const at::Tensor dense = at::empty({2});
  EXPECT_THAT(converter.ConvertAll({dense, Quantized()}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("tensor 1: ")));
  EXPECT_EQ(converter.describer().FindTensorId(dense), std::nullopt) << "no id is assigned";
  EXPECT_EQ(converter.misses(), 1);
  const Tensors results = converter.ConvertAll({dense, dense.t()}).value();
  EXPECT_TRUE(results[0].is_same(converter.Convert(dense).value()));
  EXPECT_TRUE(results[1]._base().is_same(results[0]));
}

TEST(MetaConverterBatchTest, Options) {
  RandomGraph graph(1);
  const Tensors sources = graph.Grow(100);
  int calls = 0;
  const ConvertOptions kOptions[] = {
      {.callback = [&](AllocationMaker make, c10::Device) { return ++calls, make(); }},
      {.facts = {.is_parameter = true}},
  };
  for (const ConvertOptions& options : kOptions) {
    MetaConverter many;
    MetaConverter single;
    const std::vector<Result> results = many.Convert(sources, options);
    const int calls_of_many = std::exchange(calls, 0);
    ExpectSame(many, results, single, OneByOne(single, sources, options), sources);
    EXPECT_EQ(calls_of_many, std::exchange(calls, 0));
  }
  // A callback that converts another tensor, which gets its id then.
  const at::Tensor other = at::empty({5});
  std::vector<MetaTensorId> ids;
  for (const bool at_once : {true, false}) {
    MetaConverter converter;
    const ConvertOptions options = {.callback = [&](AllocationMaker make, c10::Device) {
      EXPECT_THAT(converter.Convert(other), IsOk());
      return make();
    }};
    const Tensors few = {at::empty({1}), at::empty({2})};
    const std::vector<Result> results = at_once ? converter.Convert(few, options) : OneByOne(converter, few, options);
    ids.push_back(converter.describer().FindTensorId(other).value());
  }
  EXPECT_EQ(ids[0], ids[1]);
  MetaConverter fake({.fake = true});
  MetaConverter fake_single({.fake = true});
  ExpectSame(fake, fake.Convert(sources), fake_single, OneByOne(fake_single, sources), sources);
}

TEST(MetaConverterBatchTest, Records) {
  RandomGraph graph(2);
  const Tensors sources = graph.Grow(300);
  MetaTensorDescriber describer;
  std::vector<MetaTensorDescPtr> records;
  for (absl::StatusOr<MetaTensorDescPtr>& record : describer.DescribeTensors(sources)) {
    if (record.ok()) records.push_back(*std::move(record));
  }
  MetaConverter many;
  MetaConverter single;
  const std::vector<Result> results = many.MetaTensors(records);
  ASSERT_EQ(results.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Result expected = single.MetaTensor(*records[i]);
    ASSERT_EQ(results[i].status(), expected.status());
    if (!results[i].ok()) continue;
    EXPECT_THAT(AssertMetadataEq(*results[i], *expected), IsOk());
    EXPECT_TRUE(many.MetaTensor(*records[i])->is_same(*results[i]));
  }
  EXPECT_EQ(many.hits(), 2 * single.hits());
}

TEST(MetaConverterBatchTest, ThreadsWithOverlappingTensorsGetTheSameResults) {
  constexpr int kThreads = 4;
  for (unsigned seed = 0; seed < 5; ++seed) {
    RandomGraph graph(seed);
    graph.Grow(200);
    const Tensors sources = graph.Some(300);
    MetaConverter converter;
    std::vector<std::vector<Result>> results(kThreads);
    RunThreads(kThreads, [&](int thread) {
      Tensors rotated(sources.begin() + thread * 40, sources.end());
      rotated.insert(rotated.end(), sources.begin(), sources.begin() + thread * 40);
      results[thread] = converter.Convert(rotated);
    });
    for (int thread = 1; thread < kThreads; ++thread) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const Result& first = results[0][i];
        const Result& other = results[thread][(i + sources.size() - thread * 40) % sources.size()];
        ASSERT_EQ(first.status(), other.status());
        if (first.ok()) {
          EXPECT_TRUE(first->is_same(*other));
        }
      }
    }
  }
}

}  // namespace
}  // namespace metaconv
