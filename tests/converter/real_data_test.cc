#include "converter/real_data.h"

#include <optional>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/sparse_coo_tensor.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/view_as_complex.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/counting_allocator.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

class RealDataTest : public ::testing::Test {
 protected:
  at::Tensor Convert(const at::Tensor& tensor) { return converter_.Convert(tensor).value(); }

  MetaConverter converter_{{.describer = {.copy_data = true}}};
};

TEST_F(RealDataTest, TheBytesAreThoseAtConversion) {
  const at::Tensor source = at::arange(6, at::kFloat).view({2, 3});
  const at::Tensor result = Convert(source);
  EXPECT_TRUE(result.is_meta());
  source.zero_();
  EXPECT_TRUE(RealTensor(result).value().equal(at::arange(6, at::kFloat).view({2, 3})));
  EXPECT_TRUE(Convert(source).is_same(result));
}

TEST_F(RealDataTest, ResultsThatShareMemoryShareTheCopy) {
  const at::Tensor base = at::arange(12, at::kFloat);
  const at::Tensor view = base.slice(0, 2, 8).view({3, 2}).t();
  const at::Tensor other = at::empty({0}).set_(base.storage(), 1, {5}, {2});
  const at::Tensor view_result = Convert(view);
  const at::Tensor other_result = Convert(other);
  const at::Tensor real_view = RealTensor(view_result).value();
  const at::Tensor real_other = RealTensor(other_result).value();
  EXPECT_EQ(real_view.strides(), view.strides());
  EXPECT_EQ(real_view.storage_offset(), view.storage_offset());
  EXPECT_TRUE(real_view.equal(view));
  EXPECT_TRUE(real_view.is_alias_of(real_other));
  EXPECT_FALSE(real_view.is_alias_of(base));
  EXPECT_TRUE(RealStorage(Convert(base)).value().is_alias_of(real_view.storage()));
}

TEST_F(RealDataTest, BitsOfTheTensorAreKept) {
  const at::Tensor source = at::view_as_complex(at::arange(4, at::kFloat).view({2, 2})).conj();
  const at::Tensor real = RealTensor(Convert(source)).value();
  EXPECT_TRUE(real.is_conj());
  EXPECT_TRUE(real.resolve_conj().equal(source.resolve_conj()));
}

TEST_F(RealDataTest, ARealTensorHasNoAutogradState) {
  const at::Tensor leaf = at::ones({2}).set_requires_grad(true);
  const at::Tensor real = RealTensor(Convert(leaf * 2)).value();
  EXPECT_TRUE(real.is_leaf());
  EXPECT_FALSE(real.requires_grad());
}

TEST_F(RealDataTest, StoragesOfNoBytes) {
  const at::Tensor result = Convert(at::empty({0, 3}));
  EXPECT_EQ(RealTensor(result).value().sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(RealStorage(result).value().nbytes(), 0);
}

TEST_F(RealDataTest, TheCopyIsFreedWithTheResult) {
  std::optional<at::Tensor> result = Convert(at::ones({1000}));
  c10::weak_intrusive_ptr<c10::StorageImpl> copy = RealStorage(*result)->getWeakStorageImpl();
  EXPECT_FALSE(copy.expired());
  result.reset();
  EXPECT_TRUE(copy.expired());
}

TEST_F(RealDataTest, TheCopyOfASparseTensorIsFreedWithTheResult) {
  std::optional<at::Tensor> result = Convert(at::eye(10).to_sparse());
  const at::Tensor copy = RealTensor(*result).value();
  EXPECT_EQ(copy.use_count(), 2);
  result.reset();
  EXPECT_EQ(copy.use_count(), 1);
}

TEST_F(RealDataTest, SparseTensorsHaveAllElements) {
  const at::Tensor coo = at::eye(4).to_sparse();
  const at::Tensor csr = at::eye(4).to_sparse_csr();
  EXPECT_TRUE(RealTensor(Convert(coo)).value().to_dense().equal(at::eye(4)));
  EXPECT_TRUE(RealTensor(Convert(csr)).value().to_dense().equal(at::eye(4)));
  // The result itself has no elements.
  EXPECT_EQ(Convert(coo)._nnz(), 0);
}

TEST_F(RealDataTest, TheValuesOfASparseTensorAreCopiedOnce) {
  const at::Tensor values = at::ones({2});
  const at::Tensor coo = at::sparse_coo_tensor(at::tensor({0, 2}, at::kLong).view({1, 2}), values, {3});
  const at::Tensor sparse_result = Convert(coo);
  const at::Tensor values_result = Convert(values);
  RealTensor(values_result).value().fill_(9);
  EXPECT_EQ(RealTensor(sparse_result).value().to_dense().sum().item<float>(), 18);
}

TEST_F(RealDataTest, EveryKindThatHasBytes) {
  for (const KindSample& kind : KindSamples()) {
    SCOPED_TRACE(kind.name);
    const MadeSample sample = kind.make();
    absl::StatusOr<at::Tensor> result = converter_.Convert(sample.tensor);
    ASSERT_THAT(result, IsOk());
    const absl::StatusOr<at::Tensor> real = RealTensor(*result);
    ASSERT_THAT(real, IsOk());
    EXPECT_EQ(real->device(), sample.tensor.device());
    EXPECT_EQ(real->scalar_type(), sample.tensor.scalar_type());
  }
}

TEST_F(RealDataTest, ResultsWithoutACopy) {
  MetaConverter plain;
  const at::Tensor result = plain.Convert(at::ones({2})).value();
  EXPECT_THAT(RealTensor(result), StatusIs(absl::StatusCode::kNotFound, HasSubstr("copy_data")));
  EXPECT_THAT(RealStorage(result), StatusIs(absl::StatusCode::kNotFound, HasSubstr("copy_data")));
  EXPECT_THAT(RealTensor(at::Tensor()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("undefined")));
  EXPECT_THAT(RealStorage(plain.Convert(at::eye(2).to_sparse()).value()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage")));
}

TEST_F(RealDataTest, SourcesOnMetaHaveNoDataToCopy) {
  const at::Tensor result = Convert(at::empty({2}, at::kMeta));
  EXPECT_THAT(RealTensor(result), StatusIs(absl::StatusCode::kNotFound, HasSubstr("copy_data")));
}

TEST_F(RealDataTest, RecordsWithoutTheirData) {
  MetaTensorDescriber without;
  const MetaTensorDescPtr record = without.DescribeTensor(at::ones({2})).value();
  EXPECT_THAT(converter_.MetaTensor(*record),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 0: data: expected")));
  EXPECT_FALSE(converter_.GetTensorMemo(record->id).defined());
}

TEST_F(RealDataTest, StoragesWithoutTensors) {
  const at::Tensor source = at::ones({4});
  const MetaStorageDesc record = converter_.describer().DescribeStorage(source.storage());
  const c10::Storage result = converter_.MetaStorage(record).value();
  EXPECT_EQ(RealStorage(result).value().nbytes(), 16);
  EXPECT_EQ(static_cast<const float*>(RealStorage(result).value().data())[3], 1);
  // A tensor on this storage uses it and its copy.
  EXPECT_TRUE(RealTensor(Convert(source)).value().storage().is_alias_of(RealStorage(result).value()));
  EXPECT_THAT(RealStorage(c10::Storage()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("copy_data")));
}

TEST_F(RealDataTest, FakeResultsCarryTheirDataToo) {
  MetaConverter fake({.describer = {.copy_data = true}, .fake = true});
  const at::Tensor source = at::ones({2, 2});
  EXPECT_TRUE(RealTensor(fake.Convert(source).value()).value().equal(source));
}

TEST_F(RealDataTest, OneCopyForAllThreadsAndTensorsOfAStorage) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 20; ++round) {
    const at::Tensor base = at::ones({1000});
    std::vector<at::Tensor> sources;
    for (int i = 0; i < kThreads; ++i) sources.push_back(at::empty({0}).set_(base.storage(), i, {4}, {1}));
    CountingAllocator allocator;
    std::vector<at::Tensor> results(kThreads);
    RunThreads(kThreads, [&](int i) { results[i] = Convert(sources[i]); });
    EXPECT_EQ(allocator.calls(), 1);
    for (const at::Tensor& result : results) {
      EXPECT_TRUE(RealTensor(result).value().is_alias_of(RealTensor(results[0]).value()));
    }
  }
}

}  // namespace
}  // namespace metaconv
