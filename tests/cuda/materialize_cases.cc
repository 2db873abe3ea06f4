#include "tests/cuda/materialize_cases.h"

#include <cstddef>
#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/randn.h"
#include "ATen/ops/view_as_complex.h"
#include "ATen/ops/zeros.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/compare_with_file.h"
#include "converter/materialize.h"
#include "converter/meta_converter.h"
#include "converter/real_data.h"
#include "converter/storage_records.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/cuda/require_gpu.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Tensors = std::vector<at::Tensor>;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const c10::Device kCpu(c10::DeviceType::CPU);
const c10::Device kCuda0(c10::DeviceType::CUDA, 0);
const c10::Device kCuda1(c10::DeviceType::CUDA, 1);

class CudaMaterializeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RequireGpu(TheMaterializeUnderTest().WhyNot())) return;
  }
  void TearDown() override { EXPECT_THAT(TheMaterializeUnderTest().Problems(), IsEmpty()); }
};

class TwoCudaDevicesTest : public CudaMaterializeTest {
 protected:
  void SetUp() override {
    CudaMaterializeTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    if (TheMaterializeUnderTest().DeviceCount() < 2) RequireGpu(absl::NotFoundError("there is no second GPU"), 2);
  }
};

// Tensors that need no CUDA operators: dense, overlapping, empty, conjugate, on a shared storage, views, a leaf with a
// gradient.
Tensors Sources() {
  const at::Tensor base = at::arange(48, at::kFloat).view({6, 8});
  const at::Tensor leaf = at::randn({3, 5}).set_requires_grad(true);
  leaf.mutable_grad() = at::ones({3, 5});
  return {base,
          base.slice(1, 2, 7, 2).t(),
          at::ones({1}).expand({4, 4}),
          at::empty({0, 3}),
          at::view_as_complex(at::arange(8, at::kFloat).view({4, 2})).conj(),
          at::arange(5, at::kByte).slice(0, 1),
          at::empty({0}).set_(base.storage(), 3, {2, 2}, {5, 1}),
          leaf,
          at::randn({1 << 20})};
}

// The tensors that can be compared on the host.
Tensors BackOnCpu(const Tensors& tensors) { return MaterializeTensors(tensors, at::kCPU, *CopiedData()).value(); }

void ExpectSame(const Tensors& expected, const Tensors& found) {
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(expected[i].strides(), found[i].strides());
    EXPECT_EQ(expected[i].storage_offset(), found[i].storage_offset());
    EXPECT_EQ(expected[i].is_view(), found[i].is_view());
    EXPECT_EQ(expected[i].is_conj(), found[i].is_conj());
    EXPECT_EQ(expected[i].requires_grad(), found[i].requires_grad());
    EXPECT_TRUE(expected[i].detach().equal(found[i].detach()));
    for (std::size_t j = 0; j < expected.size(); ++j) {
      EXPECT_EQ(expected[i].is_alias_of(expected[j]), found[i].is_alias_of(found[j])) << j;
    }
  }
}

TEST_F(CudaMaterializeTest, RoundTripPreservesTheBytes) {
  const Tensors sources = Sources();
  const absl::StatusOr<Tensors> on_cuda = MaterializeTensors(sources, kCuda0, *CopiedData());
  ASSERT_THAT(on_cuda, IsOk());
  for (const at::Tensor& tensor : *on_cuda) EXPECT_EQ(tensor.device(), kCuda0);
  ExpectSame(sources, BackOnCpu(*on_cuda));
}

TEST_F(CudaMaterializeTest, ADeviceWithoutAnIndexIsTheCurrentDevice) {
  const absl::StatusOr<Tensors> on_cuda =
      MaterializeTensors({at::ones({3})}, c10::Device(c10::DeviceType::CUDA), *CopiedData());
  ASSERT_THAT(on_cuda, IsOk());
  EXPECT_EQ(on_cuda->front().device(), kCuda0);
}

TEST_F(CudaMaterializeTest, ZerosAreZeros) {
  const Tensors zeros = MaterializeTensors({at::ones({1000})}, kCuda0, *Zeros()).value();
  EXPECT_TRUE(BackOnCpu(zeros)[0].equal(at::zeros({1000})));
}

TEST_F(CudaMaterializeTest, ResultsCarryACopyOnTheDeviceOfTheirSource) {
  const Tensors sources = Sources();
  const Tensors on_cuda = MaterializeTensors(sources, kCuda0, *CopiedData()).value();
  MetaConverter converter({.describer = {.copy_data = true}});
  Tensors results;
  for (const at::Tensor& tensor : on_cuda) results.push_back(converter.Convert(tensor).value());
  Tensors copies;
  for (const at::Tensor& result : results) {
    EXPECT_TRUE(result.is_meta());
    copies.push_back(RealTensor(result).value());
    EXPECT_EQ(copies.back().device(), kCuda0);
  }
  const Tensors back = BackOnCpu(copies);
  for (std::size_t i = 0; i < sources.size(); ++i) EXPECT_TRUE(back[i].equal(sources[i].detach())) << i;
}

TEST_F(CudaMaterializeTest, CheckpointsHaveTheBytesOfTheFile) {
  for (const char* name : {"bytes.pt", "bytes_deflated_big_endian.pt", "module.pt", "tied.pt", "dtypes.safetensors",
                           "module_legacy.pt", "tar.pt"}) {
    SCOPED_TRACE(name);
    const CheckpointFile file = CheckpointFile::Open(FixturePath(name)).value();
    std::vector<const MetaTensorDesc*> records;
    for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc.get());
    const std::vector<MetaStorageDesc> descs = StorageRecords(records, /*elements=*/true).value();
    const absl::StatusOr<std::vector<c10::Storage>> storages = CheckpointData(file)->MakeStorages(descs, kCuda0);
    ASSERT_THAT(storages, IsOk());
    EXPECT_THAT(CompareWithFile(file, descs, *storages), IsOk());
  }
}

// --- Several devices in one call. ---

// The devices of Sources(): tensors that share a storage are on one device.
std::vector<c10::Device> DevicesOfSources() {
  return {kCuda1, kCuda1, kCuda0, kCpu, kCuda0, kCpu, kCuda1, kCuda1, kCuda0};
}

TEST_F(TwoCudaDevicesTest, RoundTripPreservesTheBytesOnTwoDevicesAndTheCpu) {
  const Tensors sources = Sources();
  const std::vector<c10::Device> devices = DevicesOfSources();
  ASSERT_EQ(sources.size(), devices.size());
  std::vector<PlacedTensor> placed;
  for (std::size_t i = 0; i < sources.size(); ++i) placed.push_back({sources[i], devices[i]});
  const absl::StatusOr<Tensors> tensors = MaterializeTensors(placed, *CopiedData());
  ASSERT_THAT(tensors, IsOk());
  for (std::size_t i = 0; i < devices.size(); ++i) EXPECT_EQ((*tensors)[i].device(), devices[i]) << i;
  EXPECT_EQ((*tensors)[7].grad().device(), kCuda1);
  ExpectSame(sources, BackOnCpu(*tensors));
}

TEST_F(TwoCudaDevicesTest, TensorsMoveBetweenDevices) {
  const Tensors sources = Sources();
  const Tensors on_first = MaterializeTensors(sources, kCuda0, *CopiedData()).value();
  const std::vector<c10::Device> devices = DevicesOfSources();
  std::vector<PlacedTensor> placed;
  for (std::size_t i = 0; i < sources.size(); ++i) placed.push_back({on_first[i], devices[i]});
  const absl::StatusOr<Tensors> moved = MaterializeTensors(placed, *CopiedData());
  ASSERT_THAT(moved, IsOk());
  ExpectSame(sources, BackOnCpu(*moved));
}

TEST_F(TwoCudaDevicesTest, CheckpointsHaveTheBytesOfTheFileOnTwoDevices) {
  for (const char* name : {"bytes.pt", "bytes_deflated_big_endian.pt", "module.pt", "tied.pt", "dtypes.safetensors"}) {
    SCOPED_TRACE(name);
    const CheckpointFile file = CheckpointFile::Open(FixturePath(name)).value();
    std::vector<const MetaTensorDesc*> records;
    for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc.get());
    const std::vector<MetaStorageDesc> descs = StorageRecords(records, /*elements=*/true).value();
    std::vector<PlacedStorage> placed;
    for (const MetaStorageDesc& desc : descs) placed.push_back({desc, desc.id % 2 == 0 ? kCuda0 : kCuda1});
    const absl::StatusOr<std::vector<c10::Storage>> storages =
        CheckpointData(file)->MakeStorages(placed, LoadControl());
    ASSERT_THAT(storages, IsOk());
    for (std::size_t i = 0; i < placed.size(); ++i) EXPECT_EQ((*storages)[i].device(), placed[i].device);
    EXPECT_THAT(CompareWithFile(file, descs, *storages), IsOk());
  }
}

TEST_F(TwoCudaDevicesTest, AStorageOnTwoDevicesIsAnError) {
  const at::Tensor shared = at::ones({4});
  EXPECT_THAT(MaterializeTensors({PlacedTensor{shared, kCuda0}, {shared.view({2, 2}), kCuda1}}, *CopiedData()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("storage 0"), HasSubstr("cuda:0"), HasSubstr("cuda:1"))));
}

TEST_F(CudaMaterializeTest, OneMissingDeviceFailsTheCall) {
  EXPECT_THAT(
      MaterializeTensors({PlacedTensor{at::ones({3}), kCuda0}, {at::ones({3}), c10::Device(c10::DeviceType::CUDA, 99)}},
                         *CopiedData()),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
}

// --- Errors. ---

TEST_F(CudaMaterializeTest, AMissingDevice) {
  EXPECT_THAT(MaterializeTensors({at::ones({3})}, c10::Device(c10::DeviceType::CUDA, 99), *CopiedData()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
}

TEST_F(CudaMaterializeTest, OutOfMemory) {
  MetaTensorDescriber describer;
  MetaTensorDesc record = *describer.DescribeTensor(at::ones({4})).value();
  record.storage = MetaStorageDesc{.id = 0, .size = std::int64_t{1} << 50};
  EXPECT_THAT(
      Materialize(record, kCuda0, *Uninitialized()),
      StatusIs(absl::StatusCode::kResourceExhausted,
               AllOf(HasSubstr("cuda:0"), HasSubstr("1125899906842624 bytes wanted"), HasSubstr("bytes free"))));
}

}  // namespace
}  // namespace metaconv
