#include "checkpoint/formats.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/foreign_kind.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/mcr/mcr.h"
#include "checkpoint/safetensors/safetensors.h"
#include "checkpoint/torch/torch_legacy.h"
#include "checkpoint/torch/torch_tar.h"
#include "checkpoint/torch/torch_zip.h"
#include "checkpoint/torch/torchscript.h"

namespace metaconv {
namespace {

// The order matters where two formats recognize the same file: a TorchScript archive has all members of an archive of
// torch.save, so TorchScript comes first.
constexpr FormatReader kFormats[] = {
    {.format = CheckpointFormat::kTorchScript, .recognizes = IsTorchScript, .read = ReadTorchScript},
    {.format = CheckpointFormat::kTorchZip, .recognizes = IsTorchZip, .read = ReadTorchZip},
    {.format = CheckpointFormat::kTorchTar, .recognizes = IsTorchTar, .read = ReadTorchTar},
    {.format = CheckpointFormat::kTorchLegacy, .recognizes = IsTorchLegacy, .read = ReadTorchLegacy},
    {.format = CheckpointFormat::kRecords, .recognizes = IsRecords, .read = ReadRecordsOf},
    {.format = CheckpointFormat::kSafetensors, .recognizes = IsSafetensors, .read = ReadSafetensors},
};

std::string NamesOfFormats() {
  return absl::StrJoin(kFormats, ", ",
                       [](std::string* out, const FormatReader& reader) { out->append(reader.format.name); });
}

}  // namespace

absl::Span<const FormatReader> Formats() { return kFormats; }

absl::StatusOr<Checkpoint> ReadProbe(const FileProbe& probe, const ReadOptions& options) {
  for (const FormatReader& reader : kFormats) {
    if (!reader.recognizes(probe)) continue;
    absl::StatusOr<Checkpoint> checkpoint = reader.read(probe, options);
    if (checkpoint.ok()) checkpoint->format = reader.format;
    return checkpoint;
  }
  if (const std::optional<std::string> kind = ForeignKind(probe)) {
    return absl::UnimplementedError(absl::StrCat("is ", *kind));
  }
  return absl::UnimplementedError(absl::StrCat("is in none of the supported formats (", NamesOfFormats(), ")"));
}

}  // namespace metaconv
