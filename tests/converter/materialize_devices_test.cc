// Tests Materialize with a device for each record, on the CPU and on devices in host memory.

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/compare_with_file.h"
#include "converter/materialize.h"
#include "converter/storage_records.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/host_devices.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Tensors = std::vector<at::Tensor>;

const c10::Device kCpu(c10::kCPU);
const c10::Device kCuda(c10::kCUDA);
const c10::Device kCuda0(c10::kCUDA, 0);
const c10::Device kCuda1(c10::kCUDA, 1);

// The elements of the storage, on any device.
std::vector<float> ElementsOf(const at::Tensor& tensor) {
  std::vector<float> elements(tensor.storage().nbytes() / sizeof(float));
  if (!elements.empty()) std::memcpy(elements.data(), tensor.storage().data(), tensor.storage().nbytes());
  return elements;
}

absl::Status FillWithOnes(const MetaStorageDesc&, std::int64_t, absl::Span<char> into) {
  std::memset(into.data(), 1, into.size());
  return absl::OkStatus();
}

class MaterializeDevicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    zeros_ = devices_.calls().zero;
    copies_ = devices_.calls().copy;
    loads_ = devices_.calls().load;
  }
  void TearDown() override { EXPECT_EQ(devices_.live(), 0); }

  MetaTensorDescPtr Describe(const at::Tensor& tensor) { return describer_.DescribeTensor(tensor).value(); }

  // The calls for CUDA devices in this test.
  int zeros() const { return devices_.calls().zero - zeros_; }
  int copies() const { return devices_.calls().copy - copies_; }
  int loads() const { return devices_.calls().load - loads_; }

  HostDevices& devices_ = TheHostDevices();
  MetaTensorDescriber describer_{{.copy_data = true}};

 private:
  int zeros_ = 0;
  int copies_ = 0;
  int loads_ = 0;
};

// --- Tensors on their devices. ---

TEST_F(MaterializeDevicesTest, EachTensorIsOnTheDeviceOfItsRecord) {
  const Tensors tensors = Materialize({PlacedRecord{Describe(at::arange(3, at::kFloat)), kCuda1},
                                       {Describe(at::ones({2})), kCpu},
                                       {Describe(at::empty({0})), kCuda0},
                                       {Describe(at::arange(2, at::kFloat)), kCuda0}},
                                      *CopiedData())
                              .value();
  ASSERT_THAT(tensors, SizeIs(4));
  EXPECT_EQ(tensors[0].device(), kCuda1);
  EXPECT_EQ(tensors[1].device(), kCpu);
  EXPECT_EQ(tensors[2].device(), kCuda0);
  EXPECT_EQ(tensors[3].device(), kCuda0);
  EXPECT_THAT(ElementsOf(tensors[0]), ElementsAre(0, 1, 2));
  EXPECT_THAT(ElementsOf(tensors[1]), ElementsAre(1, 1));
  EXPECT_THAT(ElementsOf(tensors[3]), ElementsAre(0, 1));
  EXPECT_EQ(copies(), 1) << "one call for all devices of one type";
}

TEST_F(MaterializeDevicesTest, OneLoadForAllDevicesOfATypeAndOneProgressForAllTypes) {
  std::vector<PlacedRecord> placed;
  for (const c10::Device& device : {kCuda0, kCpu, kCuda1, kCuda0})
    placed.push_back({Describe(at::ones({100})), device});
  std::vector<std::int64_t> done;
  const LoadControl control = {.progress = [&](std::int64_t bytes, std::int64_t total) {
    EXPECT_EQ(total, 1600);
    done.push_back(bytes);
  }};
  EXPECT_THAT(Materialize(placed, *Filler(FillWithOnes), control), IsOk());
  EXPECT_EQ(loads(), 1);
  EXPECT_THAT(done, ElementsAre(400, 800, 1200, 1600));
}

TEST_F(MaterializeDevicesTest, ZerosOnSeveralDevices) {
  const Tensors tensors = Materialize({PlacedRecord{Describe(at::ones({2})), kCuda1},
                                       {Describe(at::ones({3})), kCuda0},
                                       {Describe(at::ones({4})), kCpu}},
                                      *Zeros())
                              .value();
  for (const at::Tensor& tensor : tensors) EXPECT_THAT(ElementsOf(tensor), Each(0));
  EXPECT_EQ(zeros(), 1);
}

TEST_F(MaterializeDevicesTest, UninitializedOnSeveralDevices) {
  const Tensors tensors =
      Materialize({PlacedRecord{Describe(at::ones({2})), kCuda1}, {Describe(at::ones({3})), kCpu}}, *Uninitialized())
          .value();
  EXPECT_EQ(tensors[0].device(), kCuda1);
  EXPECT_EQ(tensors[1].device(), kCpu);
}

TEST_F(MaterializeDevicesTest, ABaseThatIsReachedThroughItsViewIsOnTheDeviceOfTheView) {
  const at::Tensor base = at::zeros({2, 4});
  const Tensors tensors =
      Materialize({PlacedRecord{Describe(at::ones({1})), kCpu}, {Describe(base.t()), kCuda1}}, *CopiedData()).value();
  EXPECT_EQ(tensors[1].device(), kCuda1);
  EXPECT_TRUE(tensors[1].is_view());
  EXPECT_EQ(tensors[1]._base().device(), kCuda1);
}

TEST_F(MaterializeDevicesTest, AGradientIsOnTheDeviceOfItsTensor) {
  const at::Tensor leaf = at::ones({3}).set_requires_grad(true);
  leaf.mutable_grad() = at::arange(3, at::kFloat);
  const Tensors tensors =
      Materialize({PlacedRecord{Describe(at::ones({1})), kCpu}, {Describe(leaf), kCuda1}}, *CopiedData()).value();
  EXPECT_EQ(tensors[1].grad().device(), kCuda1);
  EXPECT_THAT(ElementsOf(tensors[1].grad()), ElementsAre(0, 1, 2));
}

TEST_F(MaterializeDevicesTest, PartsOfSparseTensorsAndWrappersAreOnTheirDevice) {
  const at::Tensor coo = at::eye(3).to_sparse();
  const at::Tensor two = TwoTensor(at::ones({2}), at::zeros({2}));
  const Tensors tensors = Materialize({PlacedRecord{Describe(at::ones({1})), kCuda1},
                                       {Describe(coo), kCpu},
                                       {Describe(at::ones({1})), kCuda0},
                                       {Describe(two), kCuda1}},
                                      *CopiedData())
                              .value();
  EXPECT_TRUE(tensors[1].to_dense().equal(at::eye(3)));
  EXPECT_EQ(tensors[3].device(), kCuda1);
  EXPECT_EQ(PartsOf(tensors[3]).a.device(), kCuda1);
  EXPECT_EQ(PartsOf(tensors[3]).b.device(), kCuda1);
}

TEST_F(MaterializeDevicesTest, TensorsWithADeviceEach) {
  const at::Tensor shared = at::arange(4, at::kFloat);
  const Tensors tensors =
      MaterializeTensors({PlacedTensor{shared, kCuda1}, {at::ones({2}), kCpu}, {shared.slice(0, 1), kCuda1}},
                         *CopiedData())
          .value();
  EXPECT_TRUE(tensors[0].is_alias_of(tensors[2]));
  EXPECT_EQ(tensors[1].device(), kCpu);
  EXPECT_THAT(ElementsOf(tensors[2]), ElementsAre(0, 1, 2, 3));
}

TEST_F(MaterializeDevicesTest, ADeviceWithoutAnIndexIsTheCurrentOne) {
  const at::Tensor shared = at::ones({4});
  const Tensors tensors =
      MaterializeTensors({PlacedTensor{shared, kCuda}, {shared.slice(0, 1), kCuda0}, {at::ones({1}), kCuda1}},
                         *CopiedData())
          .value();
  EXPECT_EQ(tensors[0].device(), kCuda0);
  EXPECT_TRUE(tensors[0].is_alias_of(tensors[1])) << "cuda and cuda:0 are the same device";
}

// --- Errors. ---

TEST_F(MaterializeDevicesTest, ViewsOfOneBaseOnTwoDevices) {
  const at::Tensor base = at::zeros({2, 4});
  const MetaTensorDescPtr first = Describe(base.t());
  const MetaTensorDescPtr second = Describe(base.view({8}));
  EXPECT_THAT(Materialize({PlacedRecord{first, kCuda1}, {second, kCpu}}, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat("storage 0: expected one device, found cuda:1 for record ", first->id,
                                    " and cpu for record ", second->id, ", which both need it")));
}

TEST_F(MaterializeDevicesTest, OneRecordOnTwoDevices) {
  const MetaTensorDescPtr record = Describe(at::zeros({2}));
  const auto same_id = std::make_shared<const MetaTensorDesc>(*record);
  for (const MetaTensorDescPtr& again : {record, same_id}) {
    EXPECT_THAT(Materialize({PlacedRecord{record, kCuda1}, {again, kCuda0}}, *Zeros()),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("record 0"), HasSubstr("cuda:1"), HasSubstr("cuda:0"))));
  }
}

TEST_F(MaterializeDevicesTest, APartThatIsRequestedElsewhere) {
  const at::Tensor leaf = at::ones({3}).set_requires_grad(true);
  leaf.mutable_grad() = at::ones({3});
  const MetaTensorDescPtr with_grad = Describe(leaf);
  const MetaTensorDescPtr coo = Describe(at::eye(3).to_sparse());
  const MetaTensorDescPtr two = Describe(TwoTensor(at::ones({2}), at::zeros({2})));
  const std::vector<std::pair<MetaTensorDescPtr, MetaTensorDescPtr>> wholes_and_parts = {
      {with_grad, with_grad->grad()}, {coo, coo->sparse().values}, {two, two->wrapper().attrs->front().second}};
  for (const auto& [whole, part] : wholes_and_parts) {
    EXPECT_THAT(
        Materialize({PlacedRecord{whole, kCpu}, {part, kCuda1}}, *CopiedData()),
        StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(absl::StrCat("cpu for record ", whole->id)),
                                                           HasSubstr(absl::StrCat("cuda:1 for record ", part->id)))));
  }
  // Without elements the sparse tensor does not need its values.
  EXPECT_THAT(Materialize({PlacedRecord{coo, kCpu}, {coo->sparse().values, kCuda1}}, *Zeros()), IsOk());
}

TEST_F(MaterializeDevicesTest, OneMissingDeviceFailsTheCall) {
  const std::vector<PlacedRecord> placed = {{Describe(at::ones({2})), kCuda0},
                                            {Describe(at::ones({2})), c10::Device(c10::kCUDA, 9)}};
  EXPECT_THAT(Materialize(placed, *Zeros()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:9")));
  EXPECT_THAT(Materialize({placed[0], {placed[1].record, c10::Device(c10::kVulkan)}}, *Zeros()),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("vulkan")));
}

TEST_F(MaterializeDevicesTest, AnAllocationThatFailsOnAnyDeviceLeavesNothing) {
  std::vector<PlacedRecord> placed;
  for (const c10::Device& device : {kCuda0, kCpu, kCuda1}) placed.push_back({Describe(at::ones({8})), device});
  int failures = 0;
  for (int number = 1;; ++number) {
    ASSERT_LT(number, 100);
    devices_.FailAllocation(number);
    const absl::Status status = Materialize(placed, *CopiedData()).status();
    devices_.FailAllocation(0);
    EXPECT_EQ(devices_.live(), 0);
    if (status.ok()) break;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("no memory")));
    ++failures;
  }
  EXPECT_EQ(failures, 4) << "for each device: finding out its index, and its storage";
}

// --- Cancellation. ---

TEST_F(MaterializeDevicesTest, AStopBetweenTypesOfDevicesLeavesNothing) {
  std::vector<PlacedRecord> placed;
  for (const c10::Device& device : {kCuda1, kCuda0, kCpu}) placed.push_back({Describe(at::ones({100})), device});
  std::stop_source stop;
  const LoadControl control = {.progress =
                                   [&](std::int64_t done, std::int64_t) {
                                     if (done == 800) stop.request_stop();  // All that is on CUDA devices.
                                   },
                               .stop = stop.get_token()};
  EXPECT_THAT(Materialize(placed, *Filler(FillWithOnes), control),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("")));
}

// --- Checkpoints. ---

// The storages of a file, on the device that `device_of` returns for an id.
std::vector<PlacedStorage> PlacedStoragesOf(const CheckpointFile& file,
                                            const std::function<c10::Device(MetaStorageId)>& device_of) {
  std::vector<const MetaTensorDesc*> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc.get());
  const std::vector<MetaStorageDesc> descs = StorageRecords(records, /*elements=*/true).value();
  std::vector<PlacedStorage> placed;
  for (const MetaStorageDesc& desc : descs) placed.push_back({desc, device_of(desc.id)});
  return placed;
}

TEST_F(MaterializeDevicesTest, CheckpointsHaveTheBytesOfTheFileOnAllDevices) {
  for (const char* name : {"module.pt", "tied.pt", "bytes_deflated_big_endian.pt", "dtypes.safetensors"}) {
    for (const bool map : {false, true}) {
      SCOPED_TRACE(absl::StrCat(name, map ? ", mapped" : ""));
      const CheckpointFile file = CheckpointFile::Open(FixturePath(name)).value();
      const std::vector<PlacedStorage> placed = PlacedStoragesOf(file, [](MetaStorageId id) {
        return id % 3 == 0 ? kCpu : id % 3 == 1 ? kCuda0 : kCuda1;
      });
      const absl::StatusOr<std::vector<c10::Storage>> storages =
          CheckpointData(file, {.map = map})->MakeStorages(placed, LoadControl());
      ASSERT_THAT(storages, IsOk());
      std::vector<MetaStorageDesc> descs;
      for (std::size_t i = 0; i < placed.size(); ++i) {
        descs.push_back(placed[i].desc);
        EXPECT_EQ((*storages)[i].device(), placed[i].device);
      }
      EXPECT_THAT(CompareWithFile(file, descs, *storages), IsOk());
    }
  }
}

// A file of the two oldest formats has storages that are parts of others, and share memory with them.
TEST_F(MaterializeDevicesTest, PartsOfAStorageOnTwoDevices) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("bytes_legacy_views.pt")).value();
  const auto all_on = [&](c10::Device device) {
    return PlacedStoragesOf(file, [device](MetaStorageId) { return device; });
  };
  EXPECT_THAT(CheckpointData(file)->MakeStorages(all_on(kCuda1), LoadControl()), IsOk());
  // At least one storage is a part of another one. It may be alone on a device only if the other one is there too.
  int failures = 0;
  for (std::size_t i = 0; i < all_on(kCpu).size(); ++i) {
    std::vector<PlacedStorage> placed = all_on(kCpu);
    placed[i].device = kCuda1;
    const absl::Status status = CheckpointData(file)->MakeStorages(placed, LoadControl()).status();
    if (status.ok()) continue;
    ++failures;
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("expected one device for a storage and its part"),
                               HasSubstr("cpu for storage"), HasSubstr("cuda:1 for storage"), HasSubstr("(tensor '"))));
  }
  EXPECT_GT(failures, 1) << "the storage and its part";
}

}  // namespace
}  // namespace metaconv
