#include "checkpoint/checkpoint.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/file_probe.h"
#include "checkpoint/foreign_kind.h"
#include "checkpoint/located_status.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/torch_legacy.h"
#include "checkpoint/torch_tar.h"
#include "checkpoint/torch_zip.h"
#include "checkpoint/torchscript.h"

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

absl::StatusOr<Checkpoint> Read(const std::string& path, const ReadOptions& options) {
  absl::StatusOr<FileProbe> probe = FileProbe::Open(path);
  if (!probe.ok()) return probe.status();
  for (const FormatReader& format : kFormats) {
    if (format.recognizes(*probe)) return format.read(*probe, options);
  }
  return absl::UnimplementedError(absl::StrCat("is ", ForeignKind(*probe)));
}

}  // namespace

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path, const ReadOptions& options) {
  absl::StatusOr<Checkpoint> checkpoint = Read(path, options);
  if (!checkpoint.ok()) return Within(path, checkpoint.status(), ": ");
  return checkpoint;
}

}  // namespace metaconv
