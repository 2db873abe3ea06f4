#include "benchmarks/guard/allocation_count.h"

#include <cerrno>
#include <cstddef>

// glibc's own functions, under the names that stay available when malloc and the others are replaced.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* block, std::size_t size);             // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT(bugprone-reserved-identifier)
}

namespace metaconv {
namespace {

// Constant-initialized and defined in the executable, so that accessing it never allocates.
constinit thread_local std::int64_t allocation_count = 0;

}  // namespace

std::int64_t AllocationCount() { return allocation_count; }

}  // namespace metaconv

extern "C" {

void* malloc(std::size_t size) {
  ++metaconv::allocation_count;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  ++metaconv::allocation_count;
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) {
  ++metaconv::allocation_count;
  return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  ++metaconv::allocation_count;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++metaconv::allocation_count;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  ++metaconv::allocation_count;
  void* const found = __libc_memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}

}  // extern "C"
