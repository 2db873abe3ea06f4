// The table of file formats: how each is recognized and read.
//
// A format is a folder with two functions and an entry of the table in formats.cc; no other file has to name it. The
// reader of a format serves ReadCheckpoint and CheckpointFile alike: a StorageLocation says all that is needed to read
// the bytes of a storage later.
//
// Thread safety: any number of threads, each with its own probe.
// Lifetime: the results are independent of the probe.

#ifndef METACONV_CHECKPOINT_FORMATS_H_
#define METACONV_CHECKPOINT_FORMATS_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

struct FormatReader {
  CheckpointFormat format;

  // Whether a file is of this format, as far as its first bytes or the names of its members tell.
  bool (*recognizes)(const FileProbe&) = nullptr;

  // Called only for files that `recognizes` accepts. Does not set Checkpoint::format. If ReadOptions::locate_storages
  // is set, it fills Checkpoint::storages. Errors: as ReadCheckpoint, without the name of the file.
  absl::StatusOr<Checkpoint> (*read)(const FileProbe&, const ReadOptions&) = nullptr;
};

// In the order in which they are tried: the first one that recognizes a file reads it.
absl::Span<const FormatReader> Formats();

// Reads an open file with the first format that recognizes it.
// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadProbe(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_FORMATS_H_
