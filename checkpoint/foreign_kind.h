// ForeignKind: what a file is that no reader here takes, so that its user hears more than "unknown format".
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_FOREIGN_KIND_H_
#define METACONV_CHECKPOINT_FOREIGN_KIND_H_

#include <string>

#include "checkpoint/io/file_probe.h"

namespace metaconv {

// "an ONNX model", "a git-lfs pointer …"; what can be said of any other file where nothing fits. Goes by content, not
// by the file's name. Only for files that no reader recognizes.
std::string ForeignKind(const FileProbe& probe);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_FOREIGN_KIND_H_
