#include "converter/materialize.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/full.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/randn.h"
#include "ATen/ops/sparse_coo_tensor.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class MaterializeTest : public ::testing::Test {
 protected:
  MetaTensorDescPtr Describe(const at::Tensor& tensor) { return describer_.DescribeTensor(tensor).value(); }
  MetaTensorDescPtr DescribeWithData(const at::Tensor& tensor) { return with_data_.DescribeTensor(tensor).value(); }

  MetaTensorDescriber describer_;
  MetaTensorDescriber with_data_{{.copy_data = true}};
};

TEST_F(MaterializeTest, ACopyIsIndependentOfItsSource) {
  const at::Tensor source = at::arange(12, at::kFloat).view({3, 4});
  const at::Tensor copy = Materialize(*DescribeWithData(source), at::kCPU, *CopiedData()).value();
  EXPECT_TRUE(copy.equal(source));
  source.zero_();
  EXPECT_EQ(copy.sum().item<float>(), 66);
}

TEST_F(MaterializeTest, SharedDataUsesTheMemoryOfTheSource) {
  const at::Tensor source = at::zeros({4});
  const at::Tensor same = Materialize(*DescribeWithData(source), at::kCPU, *SharedData()).value();
  source.fill_(3);
  EXPECT_TRUE(same.equal(source));
  EXPECT_EQ(same.data_ptr(), source.data_ptr());
}

TEST_F(MaterializeTest, TensorsOfOneStorageShareAStorage) {
  const at::Tensor base = at::arange(10, at::kFloat);
  const at::Tensor tied = at::empty({0}).set_(base.storage(), 2, {2, 3}, {3, 1});
  const at::Tensor overlapping = at::empty({0}).set_(base.storage(), 0, {4, 5}, {0, 1});
  const std::vector<at::Tensor> copies = Materialize({DescribeWithData(tied), DescribeWithData(base),
                                                      DescribeWithData(overlapping), DescribeWithData(base)},
                                                     at::kCPU, *CopiedData())
                                             .value();
  EXPECT_TRUE(copies[0].is_alias_of(copies[1]));
  EXPECT_TRUE(copies[0].is_alias_of(copies[2]));
  EXPECT_TRUE(copies[1].is_same(copies[3]));
  EXPECT_FALSE(copies[0].is_alias_of(base));
  copies[1][2] = 100;
  EXPECT_EQ(copies[0][0][0].item<float>(), 100);
  EXPECT_EQ(copies[2][3][2].item<float>(), 100);
}

TEST_F(MaterializeTest, AutogradStateIsThatOfTheRecord) {
  const at::Tensor leaf = at::ones({2, 2}).set_requires_grad(true);
  leaf.mutable_grad() = at::full({2, 2}, 5.0f);
  const at::Tensor view = leaf.t();
  const std::vector<at::Tensor> copies =
      Materialize({DescribeWithData(view), DescribeWithData(leaf)}, at::kCPU, *CopiedData()).value();
  EXPECT_TRUE(copies[1].is_leaf() && copies[1].requires_grad());
  EXPECT_TRUE(copies[1].grad().equal(leaf.grad()));
  EXPECT_TRUE(copies[0]._base().is_same(copies[1]));
  // A leaf can be trained, and its view propagates gradients to it.
  copies[0].sum().backward();
  EXPECT_EQ(copies[1].grad().sum().item<float>(), 4 * 5 + 4);
}

TEST_F(MaterializeTest, BackwardThroughANonLeafRaisesAnError) {
  const at::Tensor leaf = at::ones({2}).set_requires_grad(true);
  const at::Tensor copy = Materialize(*DescribeWithData(leaf * 2), at::kCPU, *CopiedData()).value();
  EXPECT_FALSE(copy.is_leaf());
  EXPECT_TRUE(copy.equal(at::full({2}, 2.0f)));
  EXPECT_THROW(copy.sum().backward(), c10::Error);
}

TEST_F(MaterializeTest, RecordsAloneAreFilled) {
  const at::Tensor source = at::ones({3, 5}, at::kInt).t();
  const MetaTensorDescPtr record = Describe(source);

  const at::Tensor zeros = Materialize(*record, at::kCPU, *Zeros()).value();
  EXPECT_TRUE(zeros.equal(at::zeros({5, 3}, at::kInt)));
  EXPECT_EQ(zeros.strides(), source.strides());

  std::atomic<std::int64_t> bytes = 0;
  const auto fill = [&](const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into) {
    EXPECT_EQ(storage.id, record->storage->id);
    EXPECT_EQ(offset, 0);
    bytes += static_cast<std::int64_t>(into.size());
    std::memset(into.data(), 1, into.size());
    return absl::OkStatus();
  };
  const at::Tensor filled = Materialize(*record, at::kCPU, *Filler(fill)).value();
  EXPECT_EQ(bytes, 3 * 5 * 4);
  EXPECT_TRUE(filled.equal(at::full({5, 3}, 0x01010101, at::kInt)));

  const at::Tensor any = Materialize(*record, at::kCPU, *Uninitialized()).value();
  EXPECT_EQ(any.sizes(), source.sizes());
  EXPECT_EQ(any.storage().nbytes(), source.storage().nbytes());
}

TEST_F(MaterializeTest, ResultsCanBeResizedAndFreed) {
  const at::Tensor copy = Materialize(*DescribeWithData(at::ones({4})), at::kCPU, *CopiedData()).value();
  copy.resize_({100});
  EXPECT_EQ(copy.numel(), 100);
}

TEST_F(MaterializeTest, SparseTensorsHaveTheirElements) {
  const at::Tensor indices = at::tensor({0, 2, 1, 0}, at::kLong).view({2, 2});
  const at::Tensor values = at::tensor({3.0f, 4.0f});
  const at::Tensor coo = at::sparse_coo_tensor(indices, values, {3, 3});
  const std::vector<at::Tensor> copies =
      Materialize({DescribeWithData(coo), DescribeWithData(values)}, at::kCPU, *CopiedData()).value();
  EXPECT_TRUE(copies[0].to_dense().equal(coo.to_dense()));
  // Its values are a tensor that is shared.
  copies[1].fill_(7);
  EXPECT_EQ(copies[0].to_dense().sum().item<float>(), 14);
}

TEST_F(MaterializeTest, SparseTensorsWithoutElementsFromSourcesThatHaveNone) {
  const at::Tensor csr = at::eye(3).to_sparse_csr();
  const at::Tensor zeros = Materialize(*Describe(csr), at::kCPU, *Zeros()).value();
  EXPECT_EQ(zeros.layout(), at::kSparseCsr);
  EXPECT_EQ(zeros._nnz(), 0);
  EXPECT_TRUE(zeros.to_dense().equal(at::zeros({3, 3})));
}

TEST_F(MaterializeTest, SparseTensorsWhoseRecordsDoNotNameTheirElements) {
  const MetaTensorDescPtr record = Describe(at::eye(3).to_sparse());
  EXPECT_THAT(Materialize(*record, at::kCPU, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("indices: expected")));
}

TEST_F(MaterializeTest, SparsePartsThatDoNotFitTogether) {
  const at::Tensor coo = at::eye(3).to_sparse();
  MetaTensorDesc record = *DescribeWithData(coo);
  record.size = {2, 2};
  EXPECT_THAT(Materialize(record, at::kCPU, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("size")));
}

TEST_F(MaterializeTest, MkldnnTensors) {
  const at::Tensor source = at::randn({3, 4}).to_mkldnn();
  const at::Tensor copy = Materialize(*DescribeWithData(source), at::kCPU, *CopiedData()).value();
  EXPECT_TRUE(copy.is_mkldnn());
  EXPECT_TRUE(copy.to_dense().equal(source.to_dense()));
  EXPECT_TRUE(Materialize(*Describe(source), at::kCPU, *Zeros()).value().to_dense().equal(at::zeros({3, 4})));
  const auto fill = [](const MetaStorageDesc&, std::int64_t, absl::Span<char>) { return absl::OkStatus(); };
  EXPECT_THAT(Materialize(*Describe(source), at::kCPU, *Filler(fill)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("mkldnn")));
}

TEST_F(MaterializeTest, AFillerThatFailsOrThrowsNamesTheStorage) {
  const MetaTensorDescPtr record = Describe(at::ones({4}));
  const auto fails = [](const MetaStorageDesc&, std::int64_t, absl::Span<char>) {
    return absl::UnavailableError("no more bytes");
  };
  EXPECT_THAT(Materialize(*record, at::kCPU, *Filler(fails)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no more bytes")));
  const auto throws = [](const MetaStorageDesc&, std::int64_t, absl::Span<char>) -> absl::Status {
    throw std::runtime_error("no more bytes");
  };
  EXPECT_THAT(Materialize(*record, at::kCPU, *Filler(throws)),
              StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("storage 0"), HasSubstr("no more bytes"))));
}

TEST_F(MaterializeTest, RecordsWithoutTheirDataCannotBeCopied) {
  EXPECT_THAT(Materialize(*Describe(at::ones({4})), at::kCPU, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 0: data: expected the bytes to copy")));
}

TEST_F(MaterializeTest, AStorageThatChangedSinceItWasDescribed) {
  const at::Tensor source = at::ones({4});
  const MetaTensorDescPtr record = DescribeWithData(source);
  source.resize_({100});
  EXPECT_THAT(Materialize(*record, at::kCPU, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 16 bytes, found 400")));
}

TEST_F(MaterializeTest, AStorageTooSmallForItsTensor) {
  MetaTensorDesc record = *Describe(at::ones({4}));
  record.storage = MetaStorageDesc{.id = 0, .size = 8};
  EXPECT_THAT(Materialize(record, at::kCPU, *Zeros()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage.size: expected at least 16")));
}

TEST_F(MaterializeTest, RecordsOfTwoDescribers) {
  MetaTensorDescriber other;
  const MetaTensorDescPtr mine = Describe(at::ones({4}));
  const MetaTensorDescPtr others = other.DescribeTensor(at::ones({8})).value();
  EXPECT_THAT(Materialize({mine, others}, at::kCPU, *Zeros()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("one describer")));
}

TEST_F(MaterializeTest, OutOfMemory) {
  MetaTensorDesc record = *Describe(at::ones({4}));
  record.storage = MetaStorageDesc{.id = 0, .size = std::int64_t{1} << 60};
  EXPECT_THAT(Materialize(record, at::kCPU, *Uninitialized()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("device cpu")));
  record.storage = MetaStorageDesc{.id = 0, .size = -1};
  EXPECT_THAT(Materialize(record, at::kCPU, *Uninitialized()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 0: size")));
}

TEST_F(MaterializeTest, DevicesWithoutAStoragePath) {
  EXPECT_THAT(Materialize(*Describe(at::ones({4})), c10::Device(c10::kCUDA), *Zeros()),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("//cuda")));
}

TEST_F(MaterializeTest, DoesNotDependOnThreadLocalState) {
  const MetaTensorDescPtr record = DescribeWithData(at::ones({4}).set_requires_grad(true));
  const c10::InferenceMode inference;
  const at::Tensor copy = Materialize(*record, at::kCPU, *CopiedData()).value();
  EXPECT_FALSE(copy.is_inference());
  EXPECT_TRUE(copy.requires_grad());
}

TEST_F(MaterializeTest, TensorsWithoutDataAreMaterialized) {
  MetaConverter converter;
  const at::Tensor base = at::ones({4, 4});
  const std::vector<at::Tensor> results = {converter.Convert(base.t()).value(), converter.Convert(base).value()};
  const std::vector<at::Tensor> real = MaterializeTensors(results, at::kCPU, *Zeros()).value();
  EXPECT_TRUE(real[0]._base().is_same(real[1]));
  EXPECT_TRUE(real[0].equal(at::zeros({4, 4})));
}

}  // namespace
}  // namespace metaconv
