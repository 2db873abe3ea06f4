// UseHugePages, MakePresent, GiveBackPages: madvise(2) hints for newly allocated host memory. See Note [Placing
// storages].
//
// A kernel that does not support a hint ignores it. UseHugePages and MakePresent change no bytes. To allocate storages,
// use host_storages.h, which calls these functions.
//
// Example:
//   UseHugePages(memory, size);                // Before the first write.
//   MakePresent(piece, piece_size);            // On the thread that then writes the piece.
//
// Thread safety: Thread-safe.
// Lifetime: the functions keep no reference to the memory.

#ifndef METACONV_CONVERTER_FRESH_MEMORY_H_
#define METACONV_CONVERTER_FRESH_MEMORY_H_

#include <cstdint>

namespace metaconv {

// The size of a huge page on x86-64, and on Arm with small pages of 4 KiB.
inline constexpr std::int64_t kHugePageSize = std::int64_t{2} << 20;

// Requests huge pages for each aligned block of kHugePageSize bytes that lies completely within the memory. This does
// not increase memory usage.
void UseHugePages(void* memory, std::int64_t size_bytes);

// Makes all pages present in one system call instead of one page fault per page. Does nothing if the page in the middle
// is present already, or if the memory is smaller than 128 KiB.
void MakePresent(void* memory, std::int64_t size_bytes);

// Returns all pages that lie completely within the memory to the system. Their contents are lost; the memory may be
// written again.
void GiveBackPages(void* memory, std::int64_t size_bytes);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FRESH_MEMORY_H_
