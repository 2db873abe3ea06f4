// Checks the cost of each path of describing and converting a tensor: the number of allocations, of calls of LibTorch's
// dispatcher, and of table look-ups. The baseline rows are the LibTorch operators that create the same result.
//
// The test measures no times, so other load on the machine does not change its result. If a path has become more
// expensive, fix it. If it has become cheaper, update its row.

#include <cstdint>
#include <functional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "ATen/EmptyTensor.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/sparse_coo_tensor.h"
#include "ATen/ops/sparse_csr_tensor.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/guard/cost.h"
#include "converter/meta_converter.h"
#include "gtest/gtest.h"
#include "kinds/torch_view_func.h"

namespace metaconv {
namespace {

// A converter that has converted many tensors, all of them alive, and the inputs and results of the measured path.
struct Bench {
  Bench() {
    for (int i = 0; i < kOthers; ++i) {
      others.push_back(at::empty({2, 3}));
      others.push_back(converter.Convert(others.back()).value());
    }
  }

  // About 300 in each of a table's 16 shards; a shard grows, or is swept, only after many more. See Note [Reproducible
  // costs].
  static constexpr int kOthers = 16 * 300;

  std::vector<at::Tensor> others;
  MetaConverter converter;
  MetaTensorDescriber& describer = converter.describer();

  at::Tensor base;
  at::Tensor meta_base;
  std::vector<at::Tensor> sources;
  std::vector<MetaTensorDescPtr> records = std::vector<MetaTensorDescPtr>(kTensorsMeasured);
  std::vector<at::Tensor> results = std::vector<at::Tensor>(kTensorsMeasured);
};

// --- Sources. ---

void MakeSources(Bench& bench, const std::function<at::Tensor(int i)>& make) {
  for (int i = 0; i < kTensorsMeasured; ++i) bench.sources.push_back(make(i));
}

void Dense(Bench& bench) {
  MakeSources(bench, [](int) { return at::empty({4, 4}); });
}

void Parameters(Bench& bench) {
  MakeSources(bench, [](int) {
    at::Tensor parameter = at::empty({4, 4}).set_requires_grad(true);
    parameter.mutable_grad() = at::empty({4, 4});
    return parameter;
  });
}

// Views of one base.
void Views(Bench& bench) {
  bench.base = at::empty({kTensorsMeasured + 4});
  bench.meta_base = at::empty({kTensorsMeasured + 4}, at::kMeta);
  MakeSources(bench, [&](int i) { return bench.base.slice(/*dim=*/0, i, i + 4); });
}

// Views that cannot be recreated from their strides alone, because the dtype differs.
void TypedViews(Bench& bench) {
  bench.base = at::empty({4}, at::kComplexFloat);
  bench.meta_base = at::empty({4}, at::device(at::kMeta).dtype(at::kComplexFloat));
  MakeSources(bench, [&](int) { return at::view_as_real(bench.base); });
}

void Coo(Bench& bench) {
  MakeSources(bench, [](int) {
    return at::sparse_coo_tensor(at::zeros({2, 3}, at::kLong), at::empty({3}), {4, 4}, at::TensorOptions());
  });
}

void Csr(Bench& bench) {
  MakeSources(bench, [](int) {
    return at::sparse_csr_tensor(at::zeros({5}, at::kLong), at::empty({0}, at::kLong), at::empty({0}), {4, 4},
                                 at::TensorOptions());
  });
}

// --- Operations on one source. ---

void Describe(Bench& bench, int i) { bench.records[i] = bench.describer.DescribeTensor(bench.sources[i]).value(); }
void Convert(Bench& bench, int i) { bench.results[i] = bench.converter.Convert(bench.sources[i]).value(); }
void FromRecord(Bench& bench, int i) { bench.results[i] = bench.converter.MetaTensor(*bench.records[i]).value(); }
void Drop(Bench& bench, int i) { bench.results[i].reset(); }

void Replay(Bench& bench, int i) {
  const MetaTensorDesc& desc = *bench.records[i];
  bench.results[i] = ViewFuncOf(desc)->Apply(desc, bench.meta_base, {}, {}).value();
}

void EmptyStrided(Bench& bench, int i) {
  const at::Tensor& source = bench.sources[i];
  bench.results[i] = at::empty_strided(source.sizes(), source.strides(), source.options().device(at::kMeta));
}
void EmptyStridedMeta(Bench& bench, int i) {
  const at::Tensor& source = bench.sources[i];
  bench.results[i] = at::detail::empty_strided_meta(source.sizes(), source.strides(), source.scalar_type());
}
void AsStrided(Bench& bench, int i) {
  const at::Tensor& source = bench.sources[i];
  bench.results[i] = bench.meta_base.as_strided(source.sizes(), source.strides(), source.storage_offset());
}
void Slice(Bench& bench, int i) { bench.results[i] = bench.meta_base.slice(/*dim=*/0, i, i + 4); }
void ViewAsReal(Bench& bench, int i) { bench.results[i] = at::view_as_real(bench.meta_base); }

using Step = void (*)(Bench& bench, int i);

struct Path {
  const char* name;
  Cost cost;
  void (*make_sources)(Bench& bench);
  std::vector<Step> before;  // Setup steps, each run for all tensors.
  Step measured;
};

void PrintTo(const Path& path, std::ostream* os) { *os << path.name; }

// {allocations, operators, look-ups} per tensor.
const Path kPaths[] = {
    {"describe dense, first time", {1, 0, 2}, Dense, {}, Describe},
    {"describe dense, again", {1, 0, 2}, Dense, {Describe}, Describe},
    {"convert dense, first time", {3, 0, 5}, Dense, {}, Convert},
    {"convert dense, again", {0, 0, 2}, Dense, {Convert}, Convert},
    {"convert dense, dropped and remade", {3, 0, 6}, Dense, {Convert, Drop}, Convert},
    {"dense from record, first time", {3, 0, 2}, Dense, {Describe}, FromRecord},
    {"dense from record, again", {0, 0, 1}, Dense, {Describe, FromRecord}, FromRecord},
    {"baseline for dense: at::empty_strided", {3, 1, 0}, Dense, {}, EmptyStrided},
    {"baseline for dense, without the dispatcher: empty_strided_meta", {3, 0, 0}, Dense, {}, EmptyStridedMeta},

    {"describe view, first time", {5, 0, 5}, Views, {}, Describe},
    {"describe view, again", {5, 0, 5}, Views, {Describe}, Describe},
    {"convert view, first time", {3, 0, 7}, Views, {}, Convert},
    {"convert view, again", {0, 0, 2}, Views, {Convert}, Convert},
    {"convert view, dropped and remade", {3, 0, 8}, Views, {Convert, Drop}, Convert},
    {"view from record, first time", {3, 0, 2}, Views, {Describe}, FromRecord},
    {"view from record, again", {0, 0, 1}, Views, {Describe, FromRecord}, FromRecord},
    {"replay view by strides", {3, 1, 0}, Views, {Describe}, Replay},
    {"baseline for views: as_strided", {3, 1, 0}, Views, {}, AsStrided},
    {"baseline for views: slice", {3, 2, 0}, Views, {}, Slice},

    {"describe view by operator, first time", {25, 1, 5}, TypedViews, {}, Describe},
    {"convert view by operator, first time", {41, 3, 7}, TypedViews, {}, Convert},
    {"replay view by operator", {7, 1, 0}, TypedViews, {Describe}, Replay},
    {"baseline for views by operator: at::view_as_real", {6, 1, 0}, TypedViews, {}, ViewAsReal},

    {"describe parameter with gradient, first time", {3, 0, 4}, Parameters, {}, Describe},
    {"convert parameter with gradient, first time", {9, 0, 9}, Parameters, {}, Convert},
    {"convert parameter with gradient, again", {0, 0, 2}, Parameters, {Convert}, Convert},

    {"describe COO, first time", {3, 0, 1}, Coo, {}, Describe},
    {"convert COO, first time", {10, 0, 3}, Coo, {}, Convert},
    {"convert COO, again", {0, 0, 2}, Coo, {Convert}, Convert},

    {"describe CSR, first time", {6, 0, 4}, Csr, {}, Describe},
    {"convert CSR, first time", {16, 0, 6}, Csr, {}, Convert},
    {"convert CSR, again", {0, 0, 2}, Csr, {Convert}, Convert},
};

// "allocations: expected 3, found 4, more expensive"; empty if the numbers are equal.
std::string Difference(const char* what, std::int64_t expected, std::int64_t found) {
  if (found == expected) return "";
  return absl::StrCat("\n  ", what, ": expected ", expected, ", found ", found, ", ",
                      found > expected ? "more expensive" : "cheaper");
}

class HotPathTest : public ::testing::TestWithParam<Path> {};

TEST_P(HotPathTest, HasTheExpectedCost) {
  const Path& path = GetParam();
  Bench bench;
  path.make_sources(bench);
  for (const Step step : path.before) {
    for (int i = 0; i < kTensorsMeasured; ++i) step(bench, i);
  }
  const absl::StatusOr<Cost> cost = CostOfEach(bench.converter, [&](int i) { path.measured(bench, i); });
  ASSERT_TRUE(cost.ok()) << path.name << ": " << cost.status();
  if (*cost == path.cost) return;
  std::ostringstream found;
  found << *cost;
  ADD_FAILURE() << path.name << Difference("allocations", path.cost.allocations, cost->allocations)
                << Difference("operators", path.cost.operators, cost->operators)
                << Difference("look-ups", path.cost.lookups, cost->lookups)
                << "\nThe row with the measured cost:\n    {\"" << path.name << "\", " << found.str() << ", …";
}

INSTANTIATE_TEST_SUITE_P(Paths, HotPathTest, ::testing::ValuesIn(kPaths));

}  // namespace
}  // namespace metaconv
