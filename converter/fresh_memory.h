// Requests to the kernel about fresh host memory. See Note [Placing storages].
//
// They are hints: a kernel that does not know one ignores it, and no byte that is in use changes.
//
// Example:
//   UseHugePages(memory, size);                // Before anything is written.
//   MakePresent(piece, piece_size);            // From the thread that is about to write to the piece.
//
// Thread safety: Thread-safe.
// Lifetime: nothing is kept.

#ifndef METACONV_CONVERTER_FRESH_MEMORY_H_
#define METACONV_CONVERTER_FRESH_MEMORY_H_

#include <cstdint>

namespace metaconv {

// On x86-64, and on Arm where small pages have 4 KiB.
inline constexpr std::int64_t kHugePageSize = std::int64_t{2} << 20;

// Huge pages for each whole block of kHugePageSize inside. No more memory is used than without.
void UseHugePages(void* memory, std::int64_t size_bytes);

// Makes all pages present in one call, in place of a fault for each, unless the one in the middle is present already. Does
// nothing for less than 128 KiB.
void MakePresent(void* memory, std::int64_t size_bytes);

// Gives all whole pages inside back to the system. Their bytes are lost; the memory may be written to again.
void GiveBackPages(void* memory, std::int64_t size_bytes);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FRESH_MEMORY_H_
