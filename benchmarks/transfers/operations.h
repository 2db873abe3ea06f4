// MeasureOperations: zeroing, copying and checksums of storages on the device.
//
// Measured figures, for one large storage and for many tiny ones (SHAPE):
//   raw/memset/SHAPE, raw/device_to_device/SHAPE   the ceilings: one call of CUDA for the same number of bytes
//   zero/SHAPE, copy/SHAPE, checksums/SHAPE        Zero and Copy, each with Wait, and Checksums
//
// MeasureQueue: the time that 100 calls take on the host while the device is busy with earlier work.
//
// Measured figures, for one storage and for 300 (SHAPE), in one call:
//   raw/queue/memset, raw/queue/device_to_device   the ceilings: as many calls of CUDA
//   queue/zero/SHAPE, queue/copy/SHAPE             Zero and Copy
// The field "device_was_busy" of a figure tells whether the device was still busy after the last call of each run.
//
// The results are verified: a wrong one is an error.
//
// Thread safety: for one thread.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_BENCHMARKS_TRANSFERS_OPERATIONS_H_
#define METACONV_BENCHMARKS_TRANSFERS_OPERATIONS_H_

#include "absl/status/status.h"
#include "benchmarks/transfers/setting.h"

namespace metaconv {

absl::Status MeasureOperations(TransferSetting& setting);
absl::Status MeasureQueue(TransferSetting& setting);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_OPERATIONS_H_
