// AllocateHostStorages: allocates storages in new host memory, placed so that they can use huge pages.
// AllocateHostStorage allocates a single storage.
//
// To allocate storages on any device, use AllocateStorages of device_storages.h.
//
// Note [Placing storages]
// The first write to a page of new memory causes a page fault. With small pages, the page faults take several times as
// long as reading the file. A huge page needs one page fault for 2 MiB, but the kernel creates one only for an aligned
// block of 2 MiB to which nothing was written yet. LibTorch's allocator aligns to 64 bytes, and malloc writes a header
// in front of each allocation. Storages that are allocated one by one therefore have small pages at both ends, and
// storages of less than 2 MiB have only small pages. For this reason:
// - A storage of 2 MiB or more is aligned to a huge page. The allocation is 2 MiB larger; the additional bytes are
//   never written and use no physical memory.
// - Storages from 128 KiB to less than 2 MiB are placed in shared blocks of up to 64 MiB. A block is freed with its
//   last storage. Each storage that is freed earlier returns its pages to the system.
// - Smaller storages are allocated one by one; malloc places them next to each other.
// A block may end within a huge page if at least 3/8 of that page are used, and less than 2 MiB at the end of a block
// of 64 MiB remain unused. The unused part of the present memory is thus at most 1.25 MiB plus 1/32 of the size of the
// storages.
//
// Example:
//   std::vector<c10::Storage> storages;
//   absl::Status status = AllocateHostStorages({4096, 16 << 20}, storages);
//
// Thread safety: Thread-safe.
// Lifetime: each storage owns its memory, also if it is in a shared block, and may be freed in any order.

#ifndef METACONV_CONVERTER_HOST_STORAGES_H_
#define METACONV_CONVERTER_HOST_STORAGES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"

namespace metaconv {

// Appends a storage for each of `sizes`, in order. All memory comes from LibTorch's CPU allocator.
// Errors: kResourceExhausted; `storages` then has the storages before the one that failed.
absl::Status AllocateHostStorages(absl::Span<const std::int64_t> sizes, std::vector<c10::Storage>& storages);

// Allocates one storage, without alignment to a huge page. Errors: kResourceExhausted.
absl::StatusOr<c10::Storage> AllocateHostStorage(std::int64_t size_bytes);

// The error if `wanted` bytes cannot be allocated. Its message has the number of available bytes.
absl::Status NoHostMemory(std::int64_t wanted);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_HOST_STORAGES_H_
