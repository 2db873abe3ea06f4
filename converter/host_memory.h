// AvailableHostMemory: how much memory the process can still allocate, on this machine or in its container.
//
// Linux overcommits: it grants allocations beyond the available memory, and kills the process when it uses them. Code
// that is about to fill much memory must therefore check the available amount first.
//
// Thread safety: Thread-safe.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_CONVERTER_HOST_MEMORY_H_
#define METACONV_CONVERTER_HOST_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace metaconv {

// In bytes, including swap; nullopt if the system does not provide the figure. `root` replaces the root directory in
// tests.
std::optional<std::int64_t> AvailableHostMemory(const std::string& root = "");

}  // namespace metaconv

#endif  // METACONV_CONVERTER_HOST_MEMORY_H_
