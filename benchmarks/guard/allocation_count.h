// AllocationCount: the number of heap blocks that this thread has allocated so far.
//
// Linking this target replaces malloc, calloc, realloc and the others by functions that count and then call glibc's.
// They are used by the whole process, including LibTorch's libraries and operator new. Not for programs with a
// sanitizer, which replaces the same functions.
//
// Example:
//   const std::int64_t before = AllocationCount();
//   work();
//   std::cout << AllocationCount() - before;
//
// Thread safety: each thread has its own count.

#ifndef METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_
#define METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_

#include <cstdint>

namespace metaconv {

// Resizing a block counts as an allocation.
std::int64_t AllocationCount();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_
