// Functions that LibTorch's libraries import and neither they nor we call in tests.

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

cudaError_t NotSupported(const char* name) {
  return RunCall(name, Needs::kDevices, [](StateLock&) { return cudaErrorNotSupported; });
}

}  // namespace

extern "C" {

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) { return NotSupported("cudaDeviceGetDefaultMemPool"); }
cudaError_t cudaDeviceGetGraphMemAttribute(int, cudaGraphMemAttributeType, void*) {
  return NotSupported("cudaDeviceGetGraphMemAttribute");
}
cudaError_t cudaDeviceSetGraphMemAttribute(int, cudaGraphMemAttributeType, void*) {
  return NotSupported("cudaDeviceSetGraphMemAttribute");
}
cudaError_t cudaEventElapsedTime(float*, cudaEvent_t, cudaEvent_t) { return NotSupported("cudaEventElapsedTime"); }
cudaError_t cudaFreeAsync(void*, cudaStream_t) { return NotSupported("cudaFreeAsync"); }
cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t, cudaGraphNode_t*, cudaGraphEdgeData*, std::size_t*) {
  return NotSupported("cudaGraphNodeGetDependencies");
}
cudaError_t cudaIpcCloseMemHandle(void*) { return NotSupported("cudaIpcCloseMemHandle"); }
cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t*, void*) { return NotSupported("cudaIpcGetMemHandle"); }
cudaError_t cudaIpcOpenMemHandle(void**, cudaIpcMemHandle_t, unsigned int) {
  return NotSupported("cudaIpcOpenMemHandle");
}
cudaError_t cudaMallocAsync(void**, std::size_t, cudaStream_t) { return NotSupported("cudaMallocAsync"); }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return NotSupported("cudaMemPoolGetAttribute");
}
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc*, std::size_t) {
  return NotSupported("cudaMemPoolSetAccess");
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return NotSupported("cudaMemPoolSetAttribute");
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) { return NotSupported("cudaMemPoolTrimTo"); }

}  // extern "C"

}  // namespace metaconv::fake_cudart
