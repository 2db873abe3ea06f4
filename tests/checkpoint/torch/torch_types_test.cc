#include "checkpoint/torch/torch_types.h"

#include <optional>

#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(TorchTypesTest, Dtypes) {
  EXPECT_EQ(DtypeNamed("float32"), c10::kFloat);
  EXPECT_EQ(DtypeNamed("half"), c10::kHalf);
  EXPECT_EQ(DtypeNamed("float8_e4m3fn"), c10::kFloat8_e4m3fn);
  EXPECT_EQ(DtypeNamed("float33"), std::nullopt);
}

TEST(TorchTypesTest, StorageClasses) {
  EXPECT_EQ(StorageClassDtype("LongStorage"), c10::kLong);
  EXPECT_EQ(StorageClassDtype("QUInt8Storage"), c10::ScalarType::QUInt8);
  EXPECT_EQ(StorageClassDtype("Float8_e5m2Storage"), c10::kFloat8_e5m2);
  EXPECT_EQ(StorageClassDtype("UntypedStorage"), std::nullopt);
  EXPECT_EQ(StorageClassDtype("Storage"), std::nullopt);
  EXPECT_EQ(StorageClassDtype("Long"), std::nullopt);
}

TEST(TorchTypesTest, Devices) {
  EXPECT_EQ(ParseDevice("cpu"), c10::Device(c10::DeviceType::CPU));
  EXPECT_EQ(ParseDevice("meta"), c10::Device(c10::DeviceType::Meta));
  EXPECT_EQ(ParseDevice("cuda"), c10::Device(c10::DeviceType::CUDA, 0));
  EXPECT_EQ(ParseDevice("cuda:7"), c10::Device(c10::DeviceType::CUDA, 7));
  EXPECT_EQ(ParseDevice("mps:0"), c10::Device(c10::DeviceType::MPS, 0));
  for (const char* bad : {"", "cuda:", "cuda:x", "cuda:-1", "cuda:128", "cuda:1x", "CUDA", "cpu:1", "tpu"}) {
    EXPECT_EQ(ParseDevice(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace metaconv
