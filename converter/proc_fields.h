// ProcFieldBytes, ProcNumber: numbers from files in /proc and /sys. ProcFieldBytes reads amounts of memory from a file
// with a "Key: N kB" on each line, such as /proc/meminfo and /proc/self/status. ProcNumber reads the number in a file
// such as memory.max of a control group.
//
// Not for files of more than 4 KiB: only the first 4 KiB are read.
//
// Example:
//   // 512000 for "MemAvailable: 400 kB\nSwapFree: 100 kB"
//   std::optional<std::int64_t> bytes = ProcFieldBytes("/proc/meminfo", {"MemAvailable", "SwapFree"});
//
// Thread safety: Thread-safe.
// Lifetime: the result holds no reference to the file.

#ifndef METACONV_CONVERTER_PROC_FIELDS_H_
#define METACONV_CONVERTER_PROC_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace metaconv {

// The sum of the fields with these keys, in bytes. Nullopt if the file has none of them or cannot be read.
std::optional<std::int64_t> ProcFieldBytes(const std::string& path, std::initializer_list<std::string_view> keys);

// The number at the start of the file. Nullopt if the file starts with other text or cannot be read.
std::optional<std::int64_t> ProcNumber(const std::string& path);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PROC_FIELDS_H_
