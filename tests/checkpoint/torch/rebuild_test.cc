#include "checkpoint/torch/rebuild.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kTensor = TensorV2(Storage("0", 6), 0, {2, 3}, {3, 1});
const std::string kIndices = TensorV2(Storage("1", 4, "LongStorage"), 0, {2, 2}, {2, 1});

std::string Layout(const std::string& name) { return Reduce("torch.serialization", "_get_layout", {Text(name)}); }

absl::StatusOr<Checkpoint> Read(const std::string& value, const ReadOptions& options = {}) {
  return ReadCheckpoint(WriteTorchZip("rebuild.pt", Pickled(value), {24, 32, 24, 24}), options);
}

// The record of the one tensor in a pickle.
absl::StatusOr<MetaTensorDescPtr> ReadOne(const std::string& value, const ReadOptions& options = {}) {
  absl::StatusOr<Checkpoint> checkpoint = Read(value, options);
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->tensors.size() != 1) return absl::InternalError("not one tensor");
  return checkpoint->tensors[0].desc;
}

TEST(RebuildTest, ParametersAreOneTensor) {
  const absl::StatusOr<MetaTensorDescPtr> desc =
      ReadOne(Reduce("torch._utils", "_rebuild_parameter", {kTensor, Bool(true), "}"}));
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->id, 0);
  EXPECT_TRUE((*desc)->is_parameter);
  EXPECT_TRUE((*desc)->requires_grad);
  EXPECT_TRUE((*desc)->is_leaf);
}

// Before PyTorch 0.4 a parameter was written as a call of its class with the data, and a state.
TEST(RebuildTest, VariablesOfEarlyVersions) {
  const std::string state = Tuple({Bool(true), Bool(false), "}"});
  absl::StatusOr<MetaTensorDescPtr> desc = ReadOne(Reduce("torch.nn.parameter", "Parameter", {kTensor}) + state + "b");
  ASSERT_THAT(desc, IsOk());
  EXPECT_TRUE((*desc)->is_parameter);
  EXPECT_TRUE((*desc)->requires_grad);
  desc = ReadOne(Reduce("torch.autograd.variable", "Variable", {kTensor}) + state + "b");
  ASSERT_THAT(desc, IsOk());
  EXPECT_FALSE((*desc)->is_parameter);
  EXPECT_TRUE((*desc)->requires_grad);
  // (storage, storage_offset, size, stride)
  desc =
      ReadOne(Global("torch", "FloatTensor") + ")\x81" + Tuple({Storage("0", 6), Int(1), Ints({2}), Ints({2})}) + "b");
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->storage_offset, 1);
  desc = ReadOne(Global("torch.nn.parameter", "Parameter") + Tuple({kTensor}) + "R" +
                 Tuple({kTensor, "N", "N", Bool(false), Bool(false)}) + "b");
  ASSERT_THAT(desc, IsOk());
  EXPECT_FALSE((*desc)->requires_grad);
}

// A state can contain the object that it belongs to, or an object with many states, each of which contains another one.
TEST(RebuildTest, NestedStatesAreLimited) {
  const std::string parameter = Reduce("torch.nn.parameter", "Parameter", {kTensor});
  EXPECT_THAT(Read(parameter + Put(1) + Tuple({Get(1), "N", "N", Bool(false), Bool(false)}) + "b"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("calls of rebuild functions")));
  std::string value = parameter;
  for (int level = 0; level < 10; ++level) {
    value += Put(1) + "0" + parameter;
    for (int i = 0; i < 10; ++i) value += Tuple({Get(1), "N", "N", Bool(false), Bool(false)}) + "b";
  }
  EXPECT_THAT(Read(value), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("calls of rebuild functions")));
}

TEST(RebuildTest, UntypedStoragesTakeTheDtypeOfTheTensor) {
  const absl::StatusOr<MetaTensorDescPtr> desc =
      ReadOne(Reduce("torch._utils", "_rebuild_tensor_v3",
                     {Storage("0", 24, "UntypedStorage"), Int(0), Ints({12}), Ints({1}), Bool(false), "}",
                      Global("torch", "uint16")}));
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->dtype, c10::ScalarType::UInt16);
}

TEST(RebuildTest, MapLocationLeavesMetaTensorsWhereTheyAre) {
  const absl::StatusOr<MetaTensorDescPtr> desc =
      ReadOne(Reduce("torch._utils", "_rebuild_meta_tensor_no_storage",
                     {Global("torch", "float32"), Ints({1'000'000, 1'000'000}), Ints({1'000'000, 1}), Bool(false)}),
              {.map_location = c10::Device(c10::DeviceType::CPU)});
  ASSERT_THAT(desc, IsOk());
  EXPECT_TRUE((*desc)->device.is_meta());
  EXPECT_EQ((*desc)->storage->size, 4'000'000'000'000);
}

TEST(RebuildTest, TensorsOfDevicesWithoutStorages) {
  const std::string cpu_tensor = Reduce("torch._utils", "_rebuild_device_tensor_from_cpu_tensor",
                                        {kTensor, Global("torch", "bfloat16"), Text("xla:0"), Bool(true)});
  absl::StatusOr<MetaTensorDescPtr> desc = ReadOne(cpu_tensor);
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->device, c10::Device(c10::DeviceType::XLA, 0));
  EXPECT_EQ((*desc)->storage->size, 12);
  const std::string array =
      Reduce("numpy.core.multiarray", "_reconstruct", {Global("numpy", "ndarray"), Ints({0}), Text("b")}) +
      Tuple({Int(1), Ints({2, 3}), "N", Bool(true), Text("")}) + "b";
  desc = ReadOne(
      Reduce("torch._utils", "_rebuild_device_tensor_from_numpy",
             {array, Global("torch", "float64"), Reduce("torch", "device", {Text("mtia"), Int(1)}), Bool(false)}));
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->device, c10::Device(c10::DeviceType::MTIA, 1));
  EXPECT_EQ((*desc)->stride, (SymSizes{1, 2}));
  EXPECT_EQ((*desc)->storage->size, 48);
}

TEST(RebuildTest, SparseTensorsOfVersionsWithoutIsCoalesced) {
  const std::string values = TensorV2(Storage("2", 6), 0, {2}, {1});
  const absl::StatusOr<MetaTensorDescPtr> desc =
      ReadOne(Reduce("torch._utils", "_rebuild_sparse_tensor",
                     {Layout("torch.sparse_coo"), Tuple({kIndices, values, Reduce("torch", "Size", {Ints({5, 5})})})}));
  ASSERT_THAT(desc, IsOk());
  EXPECT_EQ((*desc)->sparse().is_coalesced, false);
  EXPECT_EQ((*desc)->storage, std::nullopt);
  EXPECT_EQ((*desc)->id, 0);
}

TEST(RebuildTest, WrappersAreOpaqueAndTheirTensorsAreListed) {
  const std::string wrapper =
      Reduce("torch._utils", "_rebuild_wrapper_subclass",
             {Global("gone", "Wrapper"), Global("torch", "float32"), Ints({6}), Ints({1}), Int(0),
              Layout("torch.strided"), Reduce("torch", "device", {Text("cpu")}), Bool(false)});
  const std::string typed = Reduce("torch._tensor", "_rebuild_from_type_v2",
                                   {Global("torch._utils", "_rebuild_wrapper_subclass"), Global("gone", "Wrapper"),
                                    Tuple({Global("gone", "Wrapper")}), Dict({{Text("_inner"), kTensor}})});
  absl::StatusOr<Checkpoint> checkpoint = Read(
      Dict({{Text("a"), typed}, {Text("b"), Reduce("torch._utils", "_rebuild_parameter", {typed, Bool(true), "}"})}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a._inner", "b._inner"));
  EXPECT_THAT(OpaqueNames(*checkpoint),
              ElementsAre("a: gone.Wrapper", "a.args.0: gone.Wrapper", "b: gone.Wrapper", "b.args.0: gone.Wrapper"));
  EXPECT_THAT(Read(wrapper), IsOk());
}

TEST(RebuildTest, ArgumentsOfTheWrongType) {
  const std::string storage = Storage("0", 6);
  const auto v2 = [&](const std::vector<std::string>& args) {
    return Reduce("torch._utils", "_rebuild_tensor_v2", args);
  };
  const auto sparse = [&](const std::string& layout, const std::vector<std::string>& data) {
    return Reduce("torch._utils", "_rebuild_sparse_tensor", {Layout(layout), Tuple(data)});
  };
  const std::string values = TensorV2(Storage("2", 6), 0, {2}, {1});
  const std::pair<std::string, std::string> kBad[] = {
      {v2({storage, Int(0), Text("6"), Ints({1}), Bool(false), "}"}), "expected size as a tuple of ints, found a str"},
      {v2({storage, Int(0), Tuple({Text("6")}), Ints({1}), Bool(false), "}"}),
       "expected size as a tuple of ints, found a str"},
      {v2({storage, Int(0), Ints({6}), "N", Bool(false), "}"}), "expected stride as a tuple of ints, found None"},
      {v2({storage, "N", Ints({6}), Ints({1}), Bool(false), "}"}), "expected storage_offset as an int, found None"},
      {v2({storage, Int(0), Ints({6}), Ints({1}), Int(1), "}"}), "expected requires_grad as a bool, found the int 1"},
      {v2({storage, Int(0), Ints({6}), Ints({1}), Bool(false), "}", Int(1)}), "expected metadata as a dict"},
      {v2({storage, Int(0), Ints({6}), Ints({1}), Bool(false), "}", Dict({{Text("conj"), Bool(true)}})}),
       "expected a complex dtype"},
      {v2({storage, Int(0)}), "expected 6 to 7 arguments, found 2"},
      {v2({Text("0"), Int(0), Ints({6}), Ints({1}), Bool(false), "}"}), "expected a storage, found a str"},
      {Reduce("torch._utils", "_rebuild_parameter", {Int(1), Bool(true), "}"}), "expected a tensor, found the int 1"},
      {Reduce("torch._utils", "_rebuild_qtensor", {storage, Int(0), Ints({6}), Ints({1}), ")", Bool(false), "}"}),
       "expected the storage of a quantized dtype"},
      {sparse("torch.sparse_coo", {kIndices, TensorV2(Storage("2", 6), 0, {3}, {1}), Ints({5, 5})}),
       "parts of a sparse tensor that match"},
      {sparse("torch.sparse_coo", {kIndices, values, Ints({5})}), "parts of a sparse tensor that match"},
      {sparse("torch.sparse_coo", {kIndices, values, Ints({5, -5})}), "expected sizes that are not negative"},
      {sparse("torch.sparse_coo", {kIndices, values}), "expected 3 to 4 arguments, found 2"},
      {sparse("torch.sparse_coo", {values, values, Ints({5, 5})}), "indices whose dtype is neither int32 nor int64"},
      {sparse("torch.sparse_csr", {kIndices, kIndices, values, Ints({5, 5})}), "parts of a sparse tensor that match"},
      {sparse("torch.strided", {kIndices, kIndices, values, Ints({5, 5})}), "expected a sparse layout"},
      {sparse("torch.sparse_triangle", {kIndices, kIndices, values, Ints({5, 5})}), "expected layout as a layout"},
  };
  for (const auto& [value, message] : kBad) {
    EXPECT_THAT(Read(value), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  }
  EXPECT_THAT(
      Read(TensorV2(storage, 0, std::vector<std::int64_t>(2000, 1), std::vector<std::int64_t>(2000, 1))),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected at most 1024 dimensions, found 2000")));
}

}  // namespace
}  // namespace metaconv
