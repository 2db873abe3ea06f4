// ForEachTask: runs numbered tasks on several threads, starting them in order, until one fails.
//
// Example:
//   absl::Status status =
//       ForEachTask(chunks.size(), /*threads=*/4, [&](std::size_t i) { return LoadChunk(chunks[i]); });
//
// Thread safety: `work` is called from up to `threads` threads at once, including the calling one.
// Lifetime: all threads have ended when ForEachTask returns.

#ifndef METACONV_CONVERTER_FOR_EACH_TASK_H_
#define METACONV_CONVERTER_FOR_EACH_TASK_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace metaconv {

// Task i starts before task i + 1. After an error no further task starts, and the error is returned; if several tasks
// fail, that of the task with the lowest number. If the system cannot start enough threads, fewer are used. An
// exception that `work` throws is converted to an error.
absl::Status ForEachTask(std::size_t count, int threads, absl::FunctionRef<absl::Status(std::size_t)> work);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FOR_EACH_TASK_H_
