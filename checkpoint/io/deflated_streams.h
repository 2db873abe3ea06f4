// DeflatedStreams: storages that are compressed, each read in order over many calls.
//
// Example:
//   streams.Read(7, location, /*offset=*/0, first);              // Begins, or begins again.
//   streams.Read(7, location, first.size(), second);             // Goes on.
//   streams.Read(7, location, 0x10000, third);                   // kFailedPrecondition: not where the last one ended.
//
// Thread safety: Thread-safe. Different storages are inflated at the same time. Of two threads at the same storage the
// later one finds it in use, which is the same error.
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

  // Fills `into` with the storage's bytes from `offset` on, which it is known to have. The last bytes of a storage come
  // with the check of its CRC-32. Errors: kFailedPrecondition if `offset` is neither 0 nor where the last call ended;
  // kDataLoss if the bytes are damaged. After an error the storage has to be read from 0 on.
  absl::Status Read(MetaStorageId id, const StorageLocation& location, std::int64_t offset, absl::Span<char> into)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Stream {
    std::unique_ptr<ByteSource> source;
    std::int64_t position = 0;
  };

  // Out of the table, so that no lock is held while it is read.
  Stream Take(MetaStorageId id) ABSL_LOCKS_EXCLUDED(mutex_);

  const File& file_;
  absl::Mutex mutex_;
  absl::flat_hash_map<MetaStorageId, Stream> streams_ ABSL_GUARDED_BY(mutex_);  // Those between their first byte and
                                                                                // their last.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_DEFLATED_STREAMS_H_
