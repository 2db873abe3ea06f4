// Tests the calls about memory on the stand-in for libcudart with two devices.

#include <cstdint>
#include <vector>

#include "c10/core/Allocator.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda_runtime_api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/testing/own_process.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

const c10::Device kDevice(c10::DeviceType::CUDA, 0);
const c10::Device kPeer(c10::DeviceType::CUDA, 1);

TEST(CudaRuntimeMemory, CachedBytesAreThoseThatTheAllocatorKeeps) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    constexpr std::int64_t kSize = std::int64_t{20} << 20;
    const c10::Stream stream = runtime.CurrentStream(kDevice).value();
    const CudaMemoryInfo before = runtime.MemoryInfo(kDevice).value();
    EXPECT_EQ(before.cached_bytes, 0);
    absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(stream, kSize);
    ASSERT_THAT(memory, IsOk());
    EXPECT_EQ(runtime.MemoryInfo(kDevice).value().cached_bytes, 0);
    memory->clear();
    const CudaMemoryInfo after = runtime.MemoryInfo(kDevice).value();
    EXPECT_EQ(after.cached_bytes, kSize);
    EXPECT_EQ(after.free_bytes + after.cached_bytes, before.free_bytes);
    EXPECT_EQ(runtime.MemoryInfo(kPeer).value().cached_bytes, 0);
  });
}

TEST(CudaRuntimeMemory, AllocatesOnTheGivenStream) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const c10::Stream transfer = runtime.TransferStream(kPeer).value();
    const absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(transfer, 512);
    ASSERT_THAT(memory, IsOk());
    EXPECT_EQ(memory->device(), kPeer);
    EXPECT_EQ(runtime.CurrentStream(kPeer).value(), c10::Stream(c10::Stream::DEFAULT, kPeer));
    EXPECT_THAT(runtime.Fill(memory->get(), 0, 512, transfer), IsOk());
    EXPECT_THAT(runtime.Synchronize(transfer), IsOk());
  });
}

TEST(CudaRuntimeMemory, KnowsPinnedMemory) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const PinnedMemory pinned = runtime.AllocatePinned(kDevice, 64).value();
    const std::vector<char> pageable(64);
    EXPECT_TRUE(runtime.IsPinned(pinned.get(), 64, kDevice).value());
    EXPECT_TRUE(runtime.IsPinned(pinned.get(), 64, kPeer).value());
    EXPECT_FALSE(runtime.IsPinned(pageable.data(), 64, kDevice).value());
    EXPECT_FALSE(runtime.IsPinned(pinned.get(), std::int64_t{1} << 20, kDevice).value());
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    // The answer of older runtimes for memory that they do not know.
    FakeCudart::FailNext("cudaPointerGetAttributes", cudaErrorInvalidValue);
    EXPECT_FALSE(runtime.IsPinned(pageable.data(), 64, kDevice).value());
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

TEST(CudaRuntimeMemory, EnablesAccessToAPeer) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    EXPECT_TRUE(runtime.EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_TRUE(runtime.EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_EQ(FakeCudart::CallsOf("cudaDeviceEnablePeerAccess"), 1);
    EXPECT_TRUE(runtime.EnablePeerAccess(kPeer, kPeer).value());
    EXPECT_THAT(runtime.EnablePeerAccess(kDevice, c10::Device("cuda:9")),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:9: ")));
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

TEST(CudaRuntimeMemory, AccessToAPeerMayBeEnabledAlready) {
  InOwnProcess([] {
    ASSERT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaSuccess);
    EXPECT_TRUE(TheCudaRuntime().EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

TEST(CudaRuntimeMemory, NotAllDevicesCanAccessEachOther) {
  InOwnProcess([] {
    FakeCudart::Options options = FakeCudart::CurrentOptions();
    options.can_access_peers = false;
    FakeCudart::Configure(options);
    EXPECT_FALSE(TheCudaRuntime().EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_FALSE(TheCudaRuntime().EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_EQ(FakeCudart::CallsOf("cudaDeviceCanAccessPeer"), 1);
    EXPECT_EQ(FakeCudart::CallsOf("cudaDeviceEnablePeerAccess"), 0);
  });
}

TEST(CudaRuntimeMemory, ADeviceCanHaveTooManyPeers) {
  InOwnProcess([] {
    FakeCudart::FailNext("cudaDeviceEnablePeerAccess", cudaErrorTooManyPeers);
    EXPECT_FALSE(TheCudaRuntime().EnablePeerAccess(kDevice, kPeer).value());
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

}  // namespace
}  // namespace metaconv
