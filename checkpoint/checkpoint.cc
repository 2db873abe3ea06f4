#include "checkpoint/checkpoint.h"

#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/formats.h"
#include "checkpoint/io/file_probe.h"
#include "meta/with_context.h"

namespace metaconv {

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path, const ReadOptions& options) {
  absl::StatusOr<FileProbe> probe = FileProbe::Open(path);
  if (!probe.ok()) return WithContext(path, probe.status());
  absl::StatusOr<Checkpoint> checkpoint = ReadProbe(*probe, options);
  if (!checkpoint.ok()) return WithContext(path, checkpoint.status());
  return checkpoint;
}

}  // namespace metaconv
