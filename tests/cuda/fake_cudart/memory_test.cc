// Tests which memory work may use, and the limits of memory.

#include <string>

#include "tests/cuda/fake_cudart/fake_cudart_test.h"

namespace metaconv {
namespace {

class MemoryTest : public FakeCudartTest {
 protected:
  // The error of a copy on device 0, which must be reported by the call that waits for it.
  static cudaError_t ErrorOfCopy(void* into, const void* from, std::size_t size) {
    EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    const cudaStream_t stream = NewStream();
    EXPECT_EQ(CopyAsync(into, from, size, stream), cudaSuccess);
    return cudaStreamSynchronize(stream);
  }
};

TEST_F(MemoryTest, CopiesBetweenAllKinds) {
  std::string registered = "....";
  ASSERT_EQ(cudaHostRegister(registered.data(), 4, cudaHostRegisterDefault), cudaSuccess);
  char* memory = OnDevice(4);
  EXPECT_EQ(ErrorOfCopy(memory, Pinned("abcd"), 4), cudaSuccess);
  EXPECT_EQ(ErrorOfCopy(registered.data(), memory, 4), cudaSuccess);
  EXPECT_EQ(registered, "abcd");
  std::string pageable = "....";
  EXPECT_EQ(cudaMemcpy(pageable.data(), memory, 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(pageable, "abcd");
}

TEST_F(MemoryTest, WorkMustNotUseHostMemoryThatIsNotPinned) {
  std::string pageable = "abcd";
  EXPECT_EQ(ErrorOfCopy(OnDevice(4), pageable.data(), 4), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, WorkMustNotUseMemoryThatIsNoLongerRegistered) {
  std::string host = "abcd";
  ASSERT_EQ(cudaHostRegister(host.data(), 4, cudaHostRegisterDefault), cudaSuccess);
  ASSERT_EQ(cudaHostUnregister(host.data()), cudaSuccess);
  EXPECT_EQ(ErrorOfCopy(OnDevice(4), host.data(), 4), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, WorkMustNotUseFreedMemory) {
  char* memory = OnDevice(4);
  char* into = Pinned("....");
  ASSERT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(ErrorOfCopy(into, memory, 4), cudaErrorIllegalAddress);
  EXPECT_EQ(Text(into, 4), "....");
}

TEST_F(MemoryTest, WorkMustNotLeaveItsMemory) {
  char* memory = OnDevice(8);
  EXPECT_EQ(ErrorOfCopy(memory + 4, Pinned("abcd"), 4), cudaSuccess);
  EXPECT_EQ(ErrorOfCopy(memory + 5, Pinned("abcd"), 4), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, FillsAreCheckedToo) {
  char* memory = OnDevice(4);
  const cudaStream_t stream = NewStream();
  EXPECT_EQ(cudaMemsetAsync(memory, 1, 5, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, MemoryOfAnotherDeviceNeedsPeerAccess) {
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  char* foreign = OnDevice(4);
  EXPECT_EQ(ErrorOfCopy(foreign, Pinned("abcd"), 4), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, PeerAccessIsEnabledInOneDirection) {
  int can_access = 0;
  ASSERT_EQ(cudaDeviceCanAccessPeer(&can_access, 0, 1), cudaSuccess);
  EXPECT_EQ(can_access, 1);
  ASSERT_EQ(cudaDeviceCanAccessPeer(&can_access, 0, 0), cudaSuccess);
  EXPECT_EQ(can_access, 0);
  char* first = OnDevice(4);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaSuccess);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessAlreadyEnabled);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(0, 0), cudaErrorInvalidDevice);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  char* second = OnDevice(4);
  EXPECT_EQ(ErrorOfCopy(second, first, 4), cudaSuccess);

  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(second, first, 4, cudaMemcpyDefault, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, PeerCopiesNeedNoPeerAccess) {
  FakeCudart::Configure({.can_access_peers = false});
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessUnsupported);
  char* first = OnDevice(4);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  char* second = OnDevice(4);
  EXPECT_EQ(cudaMemcpyPeerAsync(second, 1, first, 0, 4, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  // Each address must be on the device that the call names.
  EXPECT_EQ(cudaMemcpyPeerAsync(second, 0, first, 1, 4, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

TEST_F(MemoryTest, CopiesHaveTheDirectionThatTheyName) {
  char* memory = OnDevice(4);
  char* pinned = Pinned("abcd");
  EXPECT_EQ(cudaMemcpyAsync(memory, pinned, 4, cudaMemcpyHostToDevice, nullptr), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(memory, pinned, 4, cudaMemcpyDeviceToHost, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(memory, pinned, 4, cudaMemcpyHostToHost, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(memory, pinned, 4, static_cast<cudaMemcpyKind>(9), nullptr),
            cudaErrorInvalidMemcpyDirection);
}

TEST_F(MemoryTest, EachDeviceHasItsOwnMemory) {
  FakeCudart::Reset({.memory_per_device = 1000, .pinned_memory = 500});
  char* memory = OnDevice(600);
  void* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 500), cudaErrorMemoryAllocation);
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);
  // Running out of memory is not for good.
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&more, 500), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&more, 1000), cudaSuccess);
  EXPECT_EQ(cudaHostAlloc(&more, 500, cudaHostAllocDefault), cudaSuccess);
  EXPECT_EQ(cudaHostAlloc(&more, 1, cudaHostAllocDefault), cudaErrorMemoryAllocation);
}

TEST_F(MemoryTest, NewMemoryIsNotZero) {
  char* into = Pinned("....");
  EXPECT_EQ(ErrorOfCopy(into, OnDevice(4), 4), cudaSuccess);
  EXPECT_NE(Text(into, 4), std::string(4, '\0'));
  EXPECT_NE(Text(into, 4), "....");
}

TEST_F(MemoryTest, FreesWhatWasAllocated) {
  char* memory = OnDevice(8);
  char* pinned = Pinned("abcd");
  EXPECT_EQ(cudaFree(memory + 4), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(pinned), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(memory), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(nullptr), cudaSuccess);
}

TEST_F(MemoryTest, RegistersRangesOnce) {
  std::string host(100, 'x');
  EXPECT_EQ(cudaHostRegister(host.data() + 10, 10, cudaHostRegisterDefault), cudaSuccess);
  for (const int begin : {5, 10, 19}) {
    EXPECT_EQ(cudaHostRegister(host.data() + begin, 10, cudaHostRegisterDefault), cudaErrorHostMemoryAlreadyRegistered)
        << begin;
  }
  EXPECT_EQ(cudaHostRegister(host.data() + 20, 10, cudaHostRegisterDefault), cudaSuccess);
  EXPECT_EQ(cudaHostUnregister(host.data() + 11), cudaErrorHostMemoryNotRegistered);
  EXPECT_EQ(cudaHostUnregister(host.data() + 10), cudaSuccess);
  EXPECT_EQ(cudaHostUnregister(host.data() + 20), cudaSuccess);
}

TEST_F(MemoryTest, TellsWhereAnAddressIs) {
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  char* memory = OnDevice(8);
  cudaPointerAttributes found = {};
  EXPECT_EQ(cudaPointerGetAttributes(&found, memory + 7), cudaSuccess);
  EXPECT_EQ(found.type, cudaMemoryTypeDevice);
  EXPECT_EQ(found.device, 1);
  EXPECT_EQ(cudaPointerGetAttributes(&found, Pinned("abcd")), cudaSuccess);
  EXPECT_EQ(found.type, cudaMemoryTypeHost);
  std::string host = "abcd";
  EXPECT_EQ(cudaPointerGetAttributes(&found, host.data()), cudaSuccess);
  EXPECT_EQ(found.type, cudaMemoryTypeUnregistered);
  ASSERT_EQ(cudaHostRegister(host.data(), 4, cudaHostRegisterDefault), cudaSuccess);
  EXPECT_EQ(cudaPointerGetAttributes(&found, host.data()), cudaSuccess);
  EXPECT_EQ(found.type, cudaMemoryTypeHost);
  EXPECT_EQ(cudaHostUnregister(host.data()), cudaSuccess);
}

}  // namespace
}  // namespace metaconv
