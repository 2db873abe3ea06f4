// Tests that inconsistent records are rejected with an error that names the field.

#include <fstream>
#include <string>

#include "ATen/core/Tensor.h"
#include "ATen/ops/zeros.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/from_json.h"
#include "nlohmann/json.hpp"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

Json Corpus(const std::string& name) {
  std::ifstream file("tests/fuzz/corpus/" + name + ".json");
  return Json::parse(file);
}

// The first error of converting the records of `document`, in the order of their ids.
absl::Status FirstError(const Json& document) {
  TwoTensor(at::zeros({1}), at::zeros({1}));  // Registers the wrapper type of some records.
  const absl::StatusOr<RecordSet> records = RecordsFromJson(document);
  if (!records.ok()) return records.status();
  MetaConverter converter;
  for (const auto& [id, desc] : records->tensors) {
    const absl::StatusOr<at::Tensor> tensor = converter.MetaTensor(*desc);
    if (!tensor.ok()) return tensor.status();
  }
  return absl::OkStatus();
}

struct Contradiction {
  const char* file;
  const char* message;
};

class ContradictionTest : public testing::TestWithParam<Contradiction> {};

TEST_P(ContradictionTest, NamesTheField) {
  EXPECT_THAT(FirstError(Corpus(GetParam().file)), StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, ContradictionTest,
    testing::Values(
        Contradiction{"bad_csr_without_indices",
                      "record 0: crow_indices: expected indices for this layout, found none"},
        Contradiction{"bad_view_without_base", "record 0: base: expected a base for a view, found none"},
        Contradiction{"bad_bdim", "record 1: bdim: expected less than 3, the ndim of the wrapped tensor, found 9"},
        Contradiction{"bad_negative_nnz", "record 0: values.size: expected no negative value, found -3"},
        Contradiction{"bad_blocksize", "record 0: values.size: expected a block size that divides 4, found 5"},
        Contradiction{"bad_view_func",
                      "record 2: view_func: expected an operation with its arguments, found only its name: "
                      "aten::no_such"},
        Contradiction{"bad_cyclic_base",
                      "record 2: base: expected records that do not contain themselves, found record 2, which contains "
                      "this one"}),
    [](const testing::TestParamInfo<Contradiction>& info) { return info.param.file; });

// A document of the corpus with one value replaced.
struct Change {
  const char* name;
  const char* file;
  const char* pointer;
  const char* value;
  const char* message;
};

class ChangeTest : public testing::TestWithParam<Change> {};

TEST_P(ChangeTest, NamesTheField) {
  Json document = Corpus(GetParam().file);
  document[Json::json_pointer(GetParam().pointer)] = Json::parse(GetParam().value);
  EXPECT_THAT(FirstError(document), StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, ChangeTest,
    testing::Values(
        Change{"NegativeStorage", "dense", "/storages/0/size", "-1",
               "storage 0: size: expected no negative value, found -1"},
        Change{"TooManyElements", "dense", "/tensors/0/size", "[4611686018427387904, 4]",
               "record 0: size: expected at most 9223372036854775807 elements, found more"},
        Change{"TooFar", "dense", "/tensors/0/stride", "[4611686018427387904, 1]",
               "record 0: stride: expected a tensor of at most 9223372036854775807 bytes, found a larger one"},
        Change{"ConjOfFloat", "dense", "/tensors/0/is_conj", "true",
               "record 0: is_conj: expected false for torch.float32, found true"},
        Change{"NegOfSparse", "coo", "/tensors/0/is_neg", "true",
               "record 0: is_neg: expected false for a tensor without strides, found true"},
        Change{"LayoutOfAnotherKind", "dense", "/tensors/0/layout", "\"torch.sparse_coo\"",
               "record 0: is_sparse: expected true for torch.sparse_coo, found false"},
        Change{"BaseIsView", "view_chain", "/tensors/2/base", "0",
               "record 2: base: expected a tensor that is not a view, found a view"},
        Change{"OffsetWithoutStorage", "mkldnn", "/tensors/0/storage_offset", "1",
               "record 0: storage_offset: expected 0 for a tensor of this kind, found 1"},
        Change{"DimensionsOfNested", "nested", "/tensors/0/ndim", "-9223372036854775808",
               "record 0: ndim: expected 1 or more for a nested tensor, found -9223372036854775808"},
        Change{"NegativeLevel", "batched", "/tensors/1/level", "\"-1\"",
               "record 1: level: expected 0 or more, found -1"},
        Change{"LevelOfInner", "batched", "/tensors/2/level", "\"1\"",
               "record 2: level: expected more than 1, the wrapped level, found 1"},
        Change{"SizeOfBatched", "batched", "/tensors/1/size", "[2, 5]",
               "record 1: size: expected the size of the wrapped tensor, found a different one"},
        Change{"NestedInnerTensor", "wrapper", "/tensors/0",
               R"json({"id": 0, "ndim": 3, "dtype": "torch.float32", "device": "device(type='cpu')", "size": [],
                       "dynamo_hint_overrides": {}, "is_leaf": true, "is_nested": true, "storage": 2,
                       "nested_sizes": [[2, 1], [2, 2]], "nested_strides": [[1, 1], [2, 1]],
                       "nested_offsets": [0, 2], "describer_id": 0})json",
               "record 2: unflattening a TwoTensor: TwoTensor: expected two strided tensors, found one "
               "without strides"},
        Change{"WrapperOfCompressed", "csc", "/tensors/0",
               R"json({"id": 0, "ndim": 2, "dtype": "torch.float32", "device": "device(type='cpu')",
                       "size": [3, 2], "dynamo_hint_overrides": {}, "is_leaf": true, "stride": [2, 1],
                       "is_functorch_wrapped": true, "is_gradtrackingtensor": true, "unwrapped": 4,
                       "level": "-2", "functorch_stack": "[]", "describer_id": 0})json",
               "record 0: unwrapped: expected a tensor with strides or a sparse COO tensor, found "
               "torch.sparse_csc"},
        Change{"WrapperOfNested", "nested", "/tensors/-",
               R"json({"id": 1, "ndim": 0, "dtype": "torch.float32", "device": "device(type='cpu')", "size": [],
                       "dynamo_hint_overrides": {}, "is_leaf": true, "is_functorch_wrapped": true,
                       "is_gradtrackingtensor": true, "unwrapped": 0, "level": "-2", "functorch_stack": "[]",
                       "describer_id": 0})json",
               "record 1: unwrapped: expected a tensor with strides or a sparse COO tensor, found a nested "
               "tensor"},
        Change{"BaseOfWrapperView", "wrapper_view", "/tensors/5",
               R"json({"id": 5, "ndim": 2, "dtype": "torch.int64", "device": "device(type='cpu')",
                       "size": [3, 2], "dynamo_hint_overrides": {}, "is_leaf": true, "stride": [2, 1],
                       "storage": 0, "describer_id": 0})json",
               "record 2: base.dtype: expected a floating point or complex dtype for a view that requires "
               "a gradient, found torch.int64"},
        Change{"NestedBaseOfWrapperView", "wrapper_view", "/tensors/5",
               R"json({"id": 5, "ndim": 3, "dtype": "torch.float32", "device": "device(type='cpu')",
                       "size": [], "dynamo_hint_overrides": {}, "is_leaf": true, "is_nested": true,
                       "storage": 0, "nested_sizes": [[2, 1], [2, 2]], "nested_strides": [[1, 1], [2, 1]],
                       "nested_offsets": [0, 2], "describer_id": 0})json",
               "record 2: base: expected a tensor with sizes for a view of a wrapper type, found a nested "
               "tensor"},
        Change{"DtypeOfFunctional", "functional_functorch", "/tensors/1/dtype", "\"torch.int64\"",
               "record 1: dtype: expected torch.float32, the dtype of the wrapped tensor, found torch.int64"}),
    [](const testing::TestParamInfo<Change>& info) { return info.param.name; });

}  // namespace
}  // namespace metaconv
