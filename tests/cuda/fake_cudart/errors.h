// Error codes: their names, and each thread's pending error.
//
// Example:
//   return Pending(cudaErrorInvalidValue);   // A later cudaGetLastError() of this thread returns it.
//
// Thread safety: Thread-safe.
// Lifetime: the texts are static.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_ERRORS_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_ERRORS_H_

#include <string_view>

#include "driver_types.h"

namespace metaconv::fake_cudart {

// Returns `error`, and makes it the calling thread's pending error unless it is cudaSuccess.
cudaError_t Pending(cudaError_t error);

const char* NameOf(cudaError_t error);
const char* TextOf(cudaError_t error);

// The error with this name. Ends the process if there is none.
cudaError_t ErrorOfName(std::string_view name);

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_ERRORS_H_
