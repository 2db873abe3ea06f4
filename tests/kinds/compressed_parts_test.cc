// Compares the records of the parts with those of the tensors that LibTorch's operators return.

#include "kinds/compressed_parts.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/_sparse_compressed_tensor_unsafe.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/sparse_compressed_tensor.h"
#include "ATen/ops/zeros.h"
#include "absl/cleanup/cleanup.h"
#include "c10/core/AutogradState.h"
#include "c10/core/GradMode.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/equal.h"
#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

at::Tensor Make(c10::Layout layout, c10::ScalarType dtype, c10::ScalarType index_dtype) {
  const bool is_blocked = layout == c10::kSparseBsr || layout == c10::kSparseBsc;
  const at::Tensor values = is_blocked ? at::ones({2, 1, 2}) : at::ones({2});
  const std::vector<std::int64_t> size = {layout == c10::kSparseBsc ? 1 : 2, is_blocked ? 4 : 2};
  return at::sparse_compressed_tensor(at::arange(3, index_dtype), at::zeros({2}, index_dtype), values.to(dtype), size,
                                      at::dtype(dtype).layout(layout));
}

at::Tensor Csr() { return Make(c10::kSparseCsr, c10::kFloat, c10::kLong); }

struct Sample {
  std::string name;
  std::function<at::Tensor()> make;
};

std::vector<Sample> Samples() {
  std::vector<Sample> samples = {
      {"requires grad", [] { return Csr().set_requires_grad(true); }},
      {"not a leaf", [] { return Csr().set_requires_grad(true).clone(); }},
      {"transposed", [] { return Csr().transpose(0, 1); }},
      {"inference",
       [] {
         const c10::InferenceMode inference;
         return Csr();
       }},
      {"batches and dense dimensions",
       [] {
         return at::sparse_compressed_tensor(at::arange(3, at::kLong).expand({2, 3}), at::zeros({2, 2}, at::kLong),
                                             at::ones({2, 2, 5}), {2, 2, 2, 5},
                                             at::dtype(at::kFloat).layout(at::kSparseCsr));
       }},
      {"strided values",
       [] {
         return at::sparse_compressed_tensor(at::arange(3, at::kLong), at::zeros({2}, at::kLong),
                                             at::ones({7}).slice(/*dim=*/0, 1, 7, /*step=*/3), {2, 2},
                                             at::dtype(at::kFloat).layout(at::kSparseCsr));
       }},
      {"values with autograd history",
       [] {
         return at::sparse_compressed_tensor(at::arange(3, at::kLong), at::zeros({2}, at::kLong),
                                             at::ones({2}).set_requires_grad(true), {2, 2},
                                             at::dtype(at::kFloat).layout(at::kSparseCsr));
       }},
      {"conjugate values",
       [] {
         return at::sparse_compressed_tensor(at::arange(3, at::kLong), at::zeros({2}, at::kLong),
                                             at::ones({2}, at::kComplexFloat).conj(), {2, 2},
                                             at::dtype(at::kComplexFloat).layout(at::kSparseCsr));
       }},
      {"on meta",
       [] {
         return at::_sparse_compressed_tensor_unsafe(at::empty({3}, at::device(at::kMeta).dtype(at::kLong)),
                                                     at::empty({2}, at::device(at::kMeta).dtype(at::kLong)),
                                                     at::empty({2}, at::kMeta), {2, 2},
                                                     at::device(at::kMeta).dtype(at::kFloat).layout(at::kSparseCsr));
       }},
  };
  for (const c10::Layout layout : {c10::kSparseCsr, c10::kSparseCsc, c10::kSparseBsr, c10::kSparseBsc}) {
    for (const c10::ScalarType dtype : {c10::kFloat, c10::kHalf, c10::kInt, c10::kBool, c10::kComplexDouble}) {
      for (const c10::ScalarType index_dtype : {c10::kInt, c10::kLong}) {
        samples.push_back({::testing::PrintToString(layout) + ::testing::PrintToString(dtype),
                           [=] { return Make(layout, dtype, index_dtype); }});
      }
    }
  }
  return samples;
}

void ExpectSameRecord(MetaTensorDescriber& describer, const MetaTensorDescPtr& found, const at::Tensor& part) {
  const absl::StatusOr<MetaTensorDescPtr> expected = describer.DescribeTensor(part, {.recurse = false});
  ASSERT_TRUE(expected.ok() && found != nullptr) << expected.status();
  EXPECT_THAT(Equal().IgnoreIds().Differences(*found, **expected), IsEmpty());
  EXPECT_EQ(found->storage->id, (*expected)->storage->id);
}

void ExpectSameRecords(const Sample& sample) {
  SCOPED_TRACE(sample.name);
  const at::Tensor tensor = sample.make();
  MetaTensorDescriber describer;
  const absl::StatusOr<MetaTensorDescPtr> desc = describer.DescribeTensor(tensor, {.recurse = true});
  ASSERT_TRUE(desc.ok()) << desc.status();
  const SparseFields& parts = (*desc)->sparse();
  const bool by_row = tensor.layout() == c10::kSparseCsr || tensor.layout() == c10::kSparseBsr;
  ExpectSameRecord(describer, by_row ? parts.crow_indices : parts.ccol_indices,
                   by_row ? tensor.crow_indices() : tensor.ccol_indices());
  ExpectSameRecord(describer, by_row ? parts.col_indices : parts.row_indices,
                   by_row ? tensor.col_indices() : tensor.row_indices());
  ExpectSameRecord(describer, parts.values, tensor.values());
}

TEST(CompressedPartsTest, RecordsAreThoseOfTheOperatorsResults) {
  for (const Sample& sample : Samples()) ExpectSameRecords(sample);
}

TEST(CompressedPartsTest, RecordsAreThoseOfTheOperatorsResultsWithoutGradMode) {
  const c10::AutoGradMode no_grad(false);
  for (const Sample& sample : Samples()) ExpectSameRecords(sample);
}

TEST(CompressedPartsTest, RecordsAreThoseOfTheOperatorsResultsInInferenceMode) {
  const c10::InferenceMode inference;
  for (const Sample& sample : Samples()) ExpectSameRecords(sample);
}

// Below autograd, at::values returns no view.
TEST(CompressedPartsTest, RecordsAreThoseOfTheOperatorsResultsBelowAutograd) {
  const c10::impl::ExcludeDispatchKeyGuard below(c10::autograd_dispatch_keyset_with_ADInplaceOrView);
  ExpectSameRecords({"CSR", Csr});
}

TEST(CompressedPartsTest, ValuesAreAViewOfTheTensor) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr desc = describer.DescribeTensor(Csr()).value();
  EXPECT_FALSE(desc->sparse().crow_indices->is_view);
  EXPECT_FALSE(desc->sparse().col_indices->is_view);
  const MetaTensorDesc& values = *desc->sparse().values;
  EXPECT_TRUE(values.is_view);
  EXPECT_EQ(values.creation_meta, CreationMeta::kDefault);
  EXPECT_EQ(values.extras->view_func, nullptr);
}

// Views then have view functions.
TEST(CompressedPartsTest, RecordsAreThoseOfTheOperatorsResultsWithViewReplay) {
  c10::AutogradState::get_tls_state().set_view_replay_enabled(true);
  const absl::Cleanup restore = [] { c10::AutogradState::get_tls_state().set_view_replay_enabled(false); };
  ExpectSameRecords({"CSR", Csr});
}

// As in the reference, which describes new tensors each time.
TEST(CompressedPartsTest, PartsHaveNewIdsEachTime) {
  const at::Tensor tensor = Csr();
  MetaTensorDescriber describer;
  const MetaTensorDescPtr first = describer.DescribeTensor(tensor).value();
  const MetaTensorDescPtr second = describer.DescribeTensor(tensor).value();
  const auto ids = [](const MetaTensorDescPtr& desc) {
    const SparseFields& parts = desc->sparse();
    return std::vector<MetaTensorId>{desc->id, parts.crow_indices->id, parts.col_indices->id, parts.values->id};
  };
  EXPECT_THAT(ids(first), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(ids(second), ElementsAre(0, 4, 5, 6));
  EXPECT_EQ(first->sparse().values->storage->id, second->sparse().values->storage->id);
}

TEST(CompressedPartsTest, PartsHaveNoEntry) {
  const at::Tensor tensor = Csr();
  MetaTensorDescriber describer;
  ASSERT_THAT(describer.DescribeTensor(tensor), IsOk());
  EXPECT_EQ(describer.TensorCount(), 1U);
  EXPECT_EQ(describer.tensor_table_size(), 1U);
  EXPECT_EQ(describer.StorageCount(), 3U);
}

TEST(CompressedPartsTest, PartsAreTraced) {
  std::vector<std::string> trace;
  MetaTensorDescriber describer({.trace_sink = [&](std::string_view name, const nlohmann::ordered_json& payload) {
    trace.push_back(std::string(name) + " " + payload.at("id").dump());
  }});
  ASSERT_THAT(describer.DescribeTensor(Csr(), {.trace = true}), IsOk());
  EXPECT_THAT(trace, ElementsAre("describe_storage 0", "describe_tensor 1", "describe_storage 1", "describe_tensor 2",
                                 "describe_storage 2", "describe_tensor 3", "describe_tensor 0"));
}

// A copy needs the parts themselves.
TEST(CompressedPartsTest, RecordsWithDataKeepTheParts) {
  const at::Tensor tensor = Csr();
  MetaTensorDescriber describer({.copy_data = true});
  const MetaTensorDescPtr desc = describer.DescribeTensor(tensor).value();
  const c10::TensorImpl* data = desc->sparse().values->extras->data.get();
  ASSERT_NE(data, nullptr);
  EXPECT_EQ(data->unsafe_storage().unsafeGetStorageImpl(), tensor.values().storage().unsafeGetStorageImpl());
}

}  // namespace
}  // namespace metaconv
