// ForeignKind: the kind of a file that is in none of the supported formats, for the error message.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_FOREIGN_KIND_H_
#define METACONV_CHECKPOINT_FOREIGN_KIND_H_

#include <optional>
#include <string>

#include "checkpoint/io/file_probe.h"

namespace metaconv {

// "an ONNX model", "a git-lfs pointer …"; absent if the kind is unknown. It is determined from the content, not from
// the name of the file. Requires that no format recognizes the file.
std::optional<std::string> ForeignKind(const FileProbe& probe);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_FOREIGN_KIND_H_
