// CachedBytes: how much of a file is in the kernel's page cache, and can be read without its device.
//
// Example:
//   const std::optional<std::int64_t> cached = CachedBytes(descriptor, /*offset=*/0, /*size=*/4 << 20);
//
// Thread safety: Thread-safe.
// Lifetime: keeps nothing.

#ifndef METACONV_CUDA_FILES_PAGE_CACHE_H_
#define METACONV_CUDA_FILES_PAGE_CACHE_H_

#include <cstdint>
#include <optional>

namespace metaconv {

// The size of the cached pages that the range touches; the range must not be empty. Nothing if the kernel does not tell.
// For a file that the process neither owns nor may write, the kernel may answer that all pages are cached.
std::optional<std::int64_t> CachedBytes(int descriptor, std::int64_t offset, std::int64_t size);

namespace internal {

// The two system calls that CachedBytes uses. The first one exists since Linux 6.5; the second one has to map the range,
// and takes a hundred times as long.
std::optional<std::int64_t> CachedBytesByCachestat(int descriptor, std::int64_t offset, std::int64_t size);
std::optional<std::int64_t> CachedBytesByMincore(int descriptor, std::int64_t offset, std::int64_t size);

}  // namespace internal
}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_PAGE_CACHE_H_
