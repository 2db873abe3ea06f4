// ForEachTask: numbered tasks on a few threads, in order as far as that goes, until one fails.
//
// Example:
//   absl::Status status = ForEachTask(chunks.size(), /*threads=*/4, [&](std::size_t i) { return LoadChunk(chunks[i]); });
//
// Thread safety: `work` is called from up to `threads` threads at once, the caller's among them.
// Lifetime: all threads have ended when it returns.

#ifndef METACONV_CONVERTER_FOR_EACH_TASK_H_
#define METACONV_CONVERTER_FOR_EACH_TASK_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace metaconv {

// Task i is begun before task i + 1. After an error no task is begun any more, and the error is returned; of several,
// that of the first task. Where the system has no more threads, fewer do the work. What `work` throws is an error too.
absl::Status ForEachTask(std::size_t count, int threads, absl::FunctionRef<absl::Status(std::size_t)> work);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FOR_EACH_TASK_H_
