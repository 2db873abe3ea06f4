#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/tensor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

at::Tensor Convert(MetaConverter& converter, const at::Tensor& tensor, const ConvertOptions& options = {}) {
  return converter.Convert(tensor, options).value();
}

bool SameStorage(const at::Tensor& a, const at::Tensor& b) {
  return a.storage().unsafeGetStorageImpl() == b.storage().unsafeGetStorageImpl();
}

TEST(AllocationCallbackTest, CalledOnceForEachAllocationWithTheRecordedDevice) {
  std::vector<std::string> devices;
  const ConvertOptions options = {.callback = [&](AllocationMaker make, c10::Device recorded) {
    devices.push_back(recorded.str());
    return make();
  }};
  MetaConverter converter;
  const at::Tensor flat = at::empty({12});
  const at::Tensor view = Convert(converter, flat.view({3, 4}), options);
  EXPECT_EQ(devices.size(), 1);
  const at::Tensor base = Convert(converter, flat, options);
  EXPECT_EQ(devices.size(), 1);
  const at::Tensor slice = Convert(converter, at::empty({12}).slice(0, 2).detach(), options);
  EXPECT_EQ(devices.size(), 3);  // One for the tensor and one for its storage.

  devices.clear();
  MetaTensorDesc desc = DenseRecord(100, {2});
  desc.device = c10::Device("cuda:1");
  EXPECT_THAT(converter.MetaTensor(desc, options.callback), IsOk());
  EXPECT_THAT(devices, ElementsAre("cuda:1"));
}

TEST(AllocationCallbackTest, AnExceptionIsReturnedAsAnErrorAndChangesNothing) {
  int allocations = 0;
  const AllocationCallback second_fails = [&](AllocationMaker make, c10::Device) -> at::Tensor {
    if (++allocations == 2) throw std::runtime_error("no more");
    return make();
  };
  MetaConverter converter;
  at::Tensor weight = at::empty({4}).set_requires_grad(true);
  weight.mutable_grad() = at::empty({4});
  EXPECT_THAT(converter.Convert(weight, {.callback = second_fails}), StatusIs(kInternal, HasSubstr("no more")));
  for (const int id : {0, 1}) {
    EXPECT_FALSE(converter.GetTensorMemo(id).defined());
    EXPECT_EQ(converter.GetStorageMemo(id).unsafeGetStorageImpl(), nullptr);
  }
  EXPECT_EQ(converter.hits(), 0);
  EXPECT_THAT(converter.Convert(weight, {.callback = second_fails}), IsOk());
  EXPECT_EQ(allocations, 4);
}

TEST(AllocationCallbackTest, InvalidReturnValues) {
  const auto convert = [](at::Tensor (*callback)(AllocationMaker, c10::Device)) {
    MetaConverter converter;
    return converter.Convert(at::empty({4}), {.callback = callback});
  };
  EXPECT_THAT(convert([](AllocationMaker, c10::Device) { return at::Tensor(); }),
              StatusIs(kInvalidArgument, HasSubstr("allocation callback: expected a tensor, found none")));
  EXPECT_THAT(convert([](AllocationMaker make, c10::Device) { return make().set_requires_grad(true); }),
              StatusIs(kInvalidArgument, HasSubstr("expected a leaf that does not require grad")));
  EXPECT_THAT(convert([](AllocationMaker make, c10::Device) { return make().set_requires_grad(true) * 2; }),
              StatusIs(kInvalidArgument, HasSubstr("expected a leaf that does not require grad")));
  EXPECT_THAT(convert([](AllocationMaker, c10::Device) { return at::eye(2).to_sparse(); }),
              StatusIs(kInvalidArgument, HasSubstr("expected a tensor with a storage, found one without")));
  EXPECT_THAT(convert([](AllocationMaker make, c10::Device) { return make().to(at::kDouble); }),
              StatusIs(kInternal, HasSubstr("dtype: expected torch.float32, found torch.float64")));
  EXPECT_THAT(convert([](AllocationMaker make, c10::Device) { return make().view({4}); }),
              StatusIs(kInternal, HasSubstr("is_view: expected false, found true")));
}

TEST(AllocationCallbackTest, CpuTensorsAliasLikeTheirSources) {
  const ConvertOptions options = {
      .callback = [](AllocationMaker make, c10::Device) { return at::empty_like(make(), at::device(at::kCPU)); }};
  MetaConverter converter;
  const at::Tensor flat = at::empty({12});
  const at::Tensor view = Convert(converter, flat.slice(0, 4, 8), options);
  const at::Tensor alias = Convert(converter, flat.slice(0, 2, 10).detach(), options);
  const at::Tensor base = Convert(converter, flat, options);
  EXPECT_TRUE(base.is_cpu());
  base.fill_(0);
  view.fill_(1);
  alias.slice(0, 0, 1).fill_(2);
  EXPECT_TRUE(at::equal(base, at::tensor({0, 0, 2, 0, 1, 1, 1, 1, 0, 0, 0, 0}, at::kFloat)));

  // Converts the leading part of a storage first, so the storage of that result must grow.
  MetaConverter growing;
  const at::Tensor head = Convert(growing, flat.slice(0, 0, 4).detach(), options);
  const at::Tensor tail = Convert(growing, flat.slice(0, 4, 12).detach(), options);
  EXPECT_TRUE(SameStorage(head, tail));
  EXPECT_EQ(head.storage().nbytes(), 48);
  tail.fill_(3);
}

TEST(AllocationCallbackTest, OtherStridesThanRequestedAreCorrected) {
  const ConvertOptions options = {.callback = [](AllocationMaker make, c10::Device) { return make().contiguous(); }};
  MetaConverter converter;
  const at::Tensor result = Convert(converter, at::empty_strided({3, 4}, {1, 3}), options);
  EXPECT_EQ(result.strides(), (at::IntArrayRef{1, 3}));
}

TEST(AllocationCallbackTest, TwoDevicesOnOneStorage) {
  bool cpu = false;
  const ConvertOptions options = {.callback = [&](AllocationMaker make, c10::Device) {
    return std::exchange(cpu, true) ? at::empty_like(make(), at::device(at::kCPU)) : make();
  }};
  MetaConverter converter;
  const at::Tensor flat = at::empty({12});
  const at::Tensor first = Convert(converter, flat, options);
  EXPECT_THAT(
      converter.Convert(flat.detach(), options),
      StatusIs(kInvalidArgument, Eq("record 1: expected an allocation on device(type='meta'), the device of the "
                                    "storage it shares, found one on device(type='cpu')")));
}

}  // namespace
}  // namespace metaconv
