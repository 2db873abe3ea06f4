// AllocationCount: how many blocks of memory this thread has taken from the heap so far.
//
// A program that links this has malloc and its like replaced by functions that count and then call glibc's. Everything
// in the process comes here, LibTorch's libraries and operator new included. Not for programs with a sanitizer, which
// replaces the same functions.
//
// Example:
//   const std::int64_t before = AllocationCount();
//   work();
//   std::cout << AllocationCount() - before;
//
// Thread safety: each thread has a count of its own.

#ifndef METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_
#define METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_

#include <cstdint>

namespace metaconv {

// A block that is resized counts as one that is taken.
std::int64_t AllocationCount();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GUARD_ALLOCATION_COUNT_H_
