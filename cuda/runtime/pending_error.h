// KeepPendingError: calls a function that uses CUDA, and leaves the calling thread's pending error
// (cudaPeekAtLastError) as it was.
//
// Note [Threads with a pending error]
// CUDA keeps, for each thread, the error of the last call that failed, and other code may not have asked for it yet. A
// further call that fails replaces it, LibTorch clears it where a call may fail, and no function sets it. If there is
// one, the function therefore runs on a thread of its own. This is rare, so a new thread is fast enough.
//
// Example:
//   absl::Status status = KeepPendingError([&] { return CudaStatus(cudaFreeHost(memory)); });
//
// Thread safety: Thread-safe.
// Lifetime: retains nothing.

#ifndef METACONV_CUDA_RUNTIME_PENDING_ERROR_H_
#define METACONV_CUDA_RUNTIME_PENDING_ERROR_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace metaconv {

// The function must not depend on the thread, and must not throw.
absl::Status KeepPendingError(absl::FunctionRef<absl::Status()> call);

absl::Status CallOnOwnThread(absl::FunctionRef<absl::Status()> call);

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_PENDING_ERROR_H_
