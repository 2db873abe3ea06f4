// CompareWithFile: checks that loaded storages have the bytes of the checkpoint file that they were loaded from.
//
// The file is read again, each piece by one thread, into separate memory; storages on other devices are copied to the
// CPU. The check does not use the code that loads.
//
// Example:
//   absl::Status status = CompareWithFile(file, descs, storages);   // storages[i] was loaded for descs[i].
//
// Thread safety: Thread-safe, as long as no thread writes to the storages.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CONVERTER_COMPARE_WITH_FILE_H_
#define METACONV_CONVERTER_COMPARE_WITH_FILE_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "checkpoint/checkpoint_file.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Compares every byte, and verifies the checksums in the file. Errors: kDataLoss, with storage and offset of the first
// byte in the order of `descs` that differs, or for a checksum that differs; those of CheckpointFile::Read and
// StoragePath.
absl::Status CompareWithFile(const CheckpointFile& file, absl::Span<const MetaStorageDesc> descs,
                             absl::Span<const c10::Storage> storages);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COMPARE_WITH_FILE_H_
