// ReadWholeFile: reads a file on many threads and discards the bytes.
//
// Example:
//   absl::StatusOr<double> seconds = SecondsOf([&] { return ReadWholeFile("/tmp/model.safetensors", 16); });
//
// Thread safety: Thread-safe.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_BENCHMARKS_TRANSFERS_READ_FILE_H_
#define METACONV_BENCHMARKS_TRANSFERS_READ_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace metaconv {

// With direct I/O, if the file system has it. Errors: kUnavailable if the file cannot be read.
absl::Status ReadWholeFile(const std::string& path, int threads);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_READ_FILE_H_
