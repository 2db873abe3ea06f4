#include "checkpoint/read_probe.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/foreign_kind.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/safetensors/safetensors.h"
#include "checkpoint/torch/torch_legacy.h"
#include "checkpoint/torch/torch_tar.h"
#include "checkpoint/torch/torch_zip.h"
#include "checkpoint/torch/torchscript.h"

namespace metaconv {
namespace {

struct FormatReader {
  bool (*recognizes)(const FileProbe&);
  absl::StatusOr<Checkpoint> (*read)(const FileProbe&, const ReadOptions&);
};

// The first that recognizes a file reads it, so the more demanding stand first.
constexpr FormatReader kFormats[] = {
    {IsTorchScript, ReadTorchScript}, {IsTorchZip, ReadTorchZip},       {IsTorchTar, ReadTorchTar},
    {IsTorchLegacy, ReadTorchLegacy}, {IsSafetensors, ReadSafetensors},
};

}  // namespace

absl::StatusOr<Checkpoint> ReadProbe(const FileProbe& probe, const ReadOptions& options) {
  for (const FormatReader& format : kFormats) {
    if (format.recognizes(probe)) return format.read(probe, options);
  }
  return absl::UnimplementedError(absl::StrCat("is ", ForeignKind(probe)));
}

}  // namespace metaconv
