// CompareWithFile: whether loaded storages have the bytes of the checkpoint that they came from.
//
// The file is read anew, by one thread at a time for each piece, into memory of its own; storages on other devices are
// copied back. Nothing that loading does is trusted.
//
// Example:
//   absl::Status status = CompareWithFile(file, descs, storages);   // storages[i] is that of descs[i].
//
// Thread safety: Thread-safe, while nobody writes to the storages.
// Lifetime: keeps nothing.

#ifndef METACONV_CONVERTER_COMPARE_WITH_FILE_H_
#define METACONV_CONVERTER_COMPARE_WITH_FILE_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "checkpoint/checkpoint_file.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Every byte, and the checksums that the file has. Errors: kDataLoss for the first byte in the order of `descs` that
// differs, with its storage and offset, and for a checksum that does; those of CheckpointFile::Read and StoragePath.
absl::Status CompareWithFile(const CheckpointFile& file, absl::Span<const MetaStorageDescPtr> descs,
                             absl::Span<const c10::Storage> storages);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COMPARE_WITH_FILE_H_
