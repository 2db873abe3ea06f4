#include "checkpoint/checkpoint.h"

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "c10/core/ScalarType.h"
#include "c10/core/SymInt.h"
#include "c10/util/DimVector.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const c10::Device kCpu(c10::DeviceType::CPU);

TEST(CheckpointTest, SharesRecordsAsTheFileSharesTensors) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath("tied.pt"));
  ASSERT_THAT(checkpoint, IsOk());
  ASSERT_THAT(Names(*checkpoint), ElementsAre("embedding.weight", "output.weight", "data", "frozen", "leaf"));
  const std::vector<NamedTensor>& tensors = checkpoint->tensors;
  EXPECT_EQ(tensors[0].desc, tensors[1].desc);
  EXPECT_NE(tensors[0].desc, tensors[2].desc);
  EXPECT_EQ(tensors[0].desc->storage, tensors[2].desc->storage);
  EXPECT_EQ(checkpoint->format, CheckpointFormat::kTorchZip);
}

TEST(CheckpointTest, NamesTheFormat) {
  const auto format = [](std::string_view name) {
    const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath(name));
    EXPECT_THAT(checkpoint, IsOk());
    return checkpoint.ok() ? checkpoint->format : CheckpointFormat::kTorchZip;
  };
  EXPECT_EQ(format("views_legacy.pt"), CheckpointFormat::kTorchLegacy);
  EXPECT_EQ(format("tar.pt"), CheckpointFormat::kTorchTar);
  EXPECT_EQ(format("scripted.pt"), CheckpointFormat::kTorchScript);
  EXPECT_EQ(format("order.safetensors"), CheckpointFormat::kSafetensors);
}

TEST(CheckpointTest, DevicesAreAsRecordedUnlessMapped) {
  const std::string path =
      WriteTorchZip("devices.pt",
                    Pickled(Dict({{Text("a"), TensorV2(Storage("0", 1, "FloatStorage", "cuda:1"), 0, {1}, {1})},
                                  {Text("b"), TensorV2(Storage("1", 1, "FloatStorage", "mps"), 0, {1}, {1})},
                                  {Text("c"), TensorV2(Storage("2", 1, "FloatStorage", "cpu"), 0, {1}, {1})}})),
                    {4, 4, 4});
  absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(path);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->tensors[0].desc->device, c10::Device(c10::DeviceType::CUDA, 1));
  EXPECT_EQ(checkpoint->tensors[1].desc->device, c10::Device(c10::DeviceType::MPS, 0));
  EXPECT_EQ(checkpoint->tensors[2].desc->device, kCpu);
  checkpoint = ReadCheckpoint(path, {.map_location = c10::Device(c10::DeviceType::XPU, 2)});
  ASSERT_THAT(checkpoint, IsOk());
  for (const NamedTensor& tensor : checkpoint->tensors) {
    EXPECT_EQ(tensor.desc->device, c10::Device(c10::DeviceType::XPU, 2)) << tensor.name;
  }
}

TEST(CheckpointTest, PartsOfCooTensorsAreDescribedIfRequested) {
  const absl::StatusOr<Checkpoint> without = ReadCheckpoint(FixturePath("sparse.pt"));
  const absl::StatusOr<Checkpoint> with =
      ReadCheckpoint(FixturePath("sparse.pt"), {.locate_storages = true, .sparse_parts = true});
  ASSERT_THAT(without, IsOk());
  ASSERT_THAT(with, IsOk());
  ASSERT_EQ(with->tensors.size(), without->tensors.size());
  EXPECT_EQ(without->tensors[0].desc->sparse().indices, nullptr);
  EXPECT_EQ(without->tensors[0].desc->sparse().values, nullptr);

  ASSERT_EQ(with->tensors[2].name, "hybrid");
  const MetaTensorDesc& coo = *with->tensors[0].desc;
  ASSERT_NE(coo.sparse().indices, nullptr);
  ASSERT_NE(coo.sparse().values, nullptr);
  EXPECT_EQ(coo.id, 0);
  EXPECT_FALSE(coo.storage.has_value());
  EXPECT_EQ(coo.sparse().indices->id, 1);
  EXPECT_EQ(coo.sparse().indices->dtype, c10::ScalarType::Long);
  EXPECT_EQ(coo.sparse().indices->size, (SymSizes{2, 4}));
  EXPECT_EQ(coo.sparse().indices->storage->id, 0);
  EXPECT_EQ(coo.sparse().values->id, 2);
  EXPECT_EQ(coo.sparse().values->dtype, c10::ScalarType::Float);
  EXPECT_EQ(coo.sparse().values->size, (SymSizes{4}));
  EXPECT_EQ(coo.sparse().values->storage->id, 1);
  EXPECT_FALSE(coo.sparse().values->is_view);
  EXPECT_TRUE(coo.sparse().values->is_leaf);
  // Two tensors with the same parts have separate records of them, on the same storages.
  EXPECT_EQ(with->tensors[1].desc->sparse().indices->storage, coo.sparse().indices->storage);
  EXPECT_EQ(with->tensors[2].desc->sparse().values->size, (SymSizes{0, 2}));
  // The option does not change tensors of other layouts.
  EXPECT_EQ(with->tensors[3].desc->sparse().indices, nullptr);
  EXPECT_EQ(with->tensors[3].desc->sparse().values->size, without->tensors[3].desc->sparse().values->size);
  EXPECT_EQ(with->storages.size(),
            static_cast<std::size_t>(with->tensors.back().desc->sparse().values->storage->id) + 1);
}

TEST(CheckpointTest, UnknownDevicesAreAnErrorUnlessMapped) {
  const std::string path =
      WriteTorchZip("location.pt", Pickled(TensorV2(Storage("0", 1, "FloatStorage", "abacus:0"), 0, {1}, {1})), {4});
  EXPECT_THAT(ReadCheckpoint(path),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a device, found 'abacus:0'")));
  EXPECT_THAT(ReadCheckpoint(path, {.map_location = kCpu}), IsOk());
}

TEST(CheckpointTest, NestedTensorsAreOpaqueAndTheirPartsAreListed) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath("nested.pt"));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(OpaqueNames(*checkpoint), ElementsAre("strided: torch._utils._rebuild_nested_tensor"));
  EXPECT_THAT(Names(*checkpoint), ElementsAre("strided.args.0", "strided.args.1", "strided.args.2", "strided.args.3"));
}

TEST(CheckpointTest, AnEmptyStateDictIsACheckpoint) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath("empty.pt"));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(checkpoint->tensors, IsEmpty());
  EXPECT_THAT(checkpoint->opaque, IsEmpty());
}

TEST(CheckpointTest, EveryErrorBeginsWithThePath) {
  EXPECT_THAT(ReadCheckpoint("/nowhere/model.pt"),
              StatusIs(absl::StatusCode::kNotFound, StartsWith("/nowhere/model.pt: cannot open")));
  EXPECT_THAT(ReadCheckpoint("/"),
              StatusIs(absl::StatusCode::kUnimplemented, "/: is a directory, not a checkpoint file"));
  EXPECT_THAT(ReadCheckpoint("/dev/null"), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("not a regular file")));
  const std::string path = WriteFile("nothing.pt", "");
  EXPECT_THAT(ReadCheckpoint(path), StatusIs(absl::StatusCode::kUnimplemented, path + ": is an empty file"));
}

TEST(CheckpointTest, ErrorsNameMemberAndOffset) {
  const std::string path = WriteTorchZip("size.pt", Pickled(TensorV2(Storage("0", 6), 0, {2, 4}, {4, 1})), {24});
  EXPECT_THAT(ReadCheckpoint(path),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(StartsWith(path + ": member 'archive/data.pkl', offset "),
                             HasSubstr("torch._utils._rebuild_tensor_v2: expected a tensor inside its storage of 24 "
                                       "bytes, found one that ends at 32"))));
}

// A sparse file of 100 GB, of which only the header is read.
TEST(CheckpointTest, HugeSafetensorsOpenFast) {
  constexpr std::uint64_t kDataBytes = 100'000'000'000;
  const std::string header = absl::StrCat(R"({"weight":{"dtype":"BF16","shape":[)", kDataBytes / 2,
                                          R"(],"data_offsets":[0,)", kDataBytes, "]}}");
  const std::string path = WriteSafetensors("huge.safetensors", header, 0);
  if (truncate(path.c_str(), static_cast<off_t>(8 + header.size() + kDataBytes)) != 0) {
    FAIL() << "the file system does not support files of 100 GB";
  }
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(path);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->tensors[0].desc->storage->size, kDataBytes);
  EXPECT_LT(elapsed.count(), 0.5);
  unlink(path.c_str());
}

}  // namespace
}  // namespace metaconv
