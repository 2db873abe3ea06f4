// ReplaceFile: writes a file completely or not at all.
//
// Example:
//   absl::Status status = ReplaceFile("model.lock", [&](std::ostream& os) { os << text; });
//
// A regular file is replaced atomically, and keeps its permissions; on error it is unchanged. Anything else (a terminal,
// a pipe) is written to directly. Symbolic links are followed, also to a file that does not exist yet.
//
// Thread safety: may be called from any number of threads; the last one to write a file wins.
// Lifetime: keeps nothing.

#ifndef METACONV_CHECKPOINT_IO_REPLACE_FILE_H_
#define METACONV_CHECKPOINT_IO_REPLACE_FILE_H_

#include <ostream>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace metaconv {

using WriteToStream = absl::FunctionRef<void(std::ostream&)>;

// Errors: kUnavailable with the reason, without the path.
absl::Status ReplaceFile(const std::string& path, WriteToStream write);

// Writes to an open stream, and flushes it. Errors: as ReplaceFile.
absl::Status WriteStream(std::ostream& os, WriteToStream write);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_REPLACE_FILE_H_
