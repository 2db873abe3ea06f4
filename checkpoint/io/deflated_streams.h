// DeflatedStreams: reads compressed storages, each in order and in any number of calls.
//
// Example:
//   streams.Read(7, location, /*offset=*/0, first);              // Starts, or starts again from the beginning.
//   streams.Read(7, location, first.size(), second);             // Continues.
//   streams.Read(7, location, 0x10000, third);                   // kFailedPrecondition: not where the last call ended.
//
// Thread safety: Thread-safe. Different storages are inflated in parallel. If two threads read the same storage at the
// same time, the second one gets kFailedPrecondition.
// Lifetime: borrows the file.

#ifndef METACONV_CHECKPOINT_IO_DEFLATED_STREAMS_H_
#define METACONV_CHECKPOINT_IO_DEFLATED_STREAMS_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

class DeflatedStreams {
 public:
  explicit DeflatedStreams(const File& file) : file_(file) {}

  // Fills `into` with the bytes of the storage from `offset` on. Requires that the range is inside the storage. The
  // call that reads the last byte verifies the CRC-32. Errors: kFailedPrecondition if `offset` is neither 0 nor where
  // the last call ended; kDataLoss if the bytes are damaged. After an error the storage has to be read again from
  // offset 0.
  absl::Status Read(MetaStorageId id, const StorageLocation& location, std::int64_t offset, absl::Span<char> into)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Stream {
    std::unique_ptr<ByteSource> source;
    std::int64_t position = 0;
  };

  // Removes the stream from the table, so that no lock is held while it is read.
  Stream Take(MetaStorageId id) ABSL_LOCKS_EXCLUDED(mutex_);

  const File& file_;
  absl::Mutex mutex_;
  // Of the storages of which some bytes, but not all, have been read.
  absl::flat_hash_map<MetaStorageId, Stream> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_DEFLATED_STREAMS_H_
