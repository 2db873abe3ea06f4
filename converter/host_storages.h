// AllocateHostStorages: storages in fresh host memory, placed so that huge pages hold them.
//
// Note [Placing storages]
// The first write to a page of fresh memory is a page fault, and the faults of small pages take several times as long as
// reading the bytes of a file. A huge page needs one fault for 2 MiB, but the kernel makes one only for an aligned block of
// 2 MiB that nothing was written to yet. LibTorch's allocator aligns to 64 bytes, and malloc writes a header before what it
// returns, so storages that are allocated one by one have small pages at both ends; those of up to 2 MiB have nothing else.
// So:
// - A storage from 2 MiB on begins at a huge page. The allocator is asked for 2 MiB more, of which nothing is written to.
// - Storages from 128 KiB to 2 MiB lie in blocks of up to 64 MiB that they share. A block is freed with the last storage in
//   it, and each storage that is freed before gives its pages back to the system.
// - Smaller storages are allocated one by one; malloc places them side by side.
// A block may end within a huge page if at least 3/8 of that page are used, and less than 2 MiB remain unused at the end of
// a block of 64 MiB. So at most 1.25 MiB and 1/32 of the storages' size are present without being used.
//
// Example:
//   std::vector<c10::Storage> storages;
//   absl::Status status = AllocateHostStorages({4096, 16 << 20}, storages);
//
// Thread safety: Thread-safe.
// Lifetime: storages are independent of each other.

#ifndef METACONV_CONVERTER_HOST_STORAGES_H_
#define METACONV_CONVERTER_HOST_STORAGES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"

namespace metaconv {

// Appends a storage for each of `sizes`, in order; all memory comes from LibTorch's allocator.
// Errors: kResourceExhausted; `storages` then has those before the one that failed.
absl::Status AllocateHostStorages(absl::Span<const std::int64_t> sizes, std::vector<c10::Storage>& storages);

// One storage where the allocator places it. Errors: kResourceExhausted.
absl::StatusOr<c10::Storage> AllocateHostStorage(std::int64_t size_bytes);

// The error for `wanted` bytes that are not there, with the number of those that are.
absl::Status NoHostMemory(std::int64_t wanted);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_HOST_STORAGES_H_
