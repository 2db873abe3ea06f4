// How much memory this machine, or the container that the process is in, can still give.
//
// Linux hands out more memory than there is, and ends the process that uses it; so who is about to fill a lot of memory
// asks first.
//
// Thread safety: Thread-safe.
// Lifetime: keeps nothing.

#ifndef METACONV_CONVERTER_HOST_MEMORY_H_
#define METACONV_CONVERTER_HOST_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace metaconv {

// In bytes, swap included; absent where the system does not say. `root`: of the file system, for tests.
std::optional<std::int64_t> AvailableHostMemory(const std::string& root = "");

}  // namespace metaconv

#endif  // METACONV_CONVERTER_HOST_MEMORY_H_
