// ProcFieldBytes: amounts of memory from a file of Linux's /proc that has one "Key: N kB" on each line, such as
// /proc/meminfo and /proc/self/status.
//
// Example:
//   ProcFieldBytes("/proc/meminfo", {"MemAvailable", "SwapFree"});   // 512000 for "MemAvailable: 400 kB\nSwapFree: 100 kB"
//
// Thread safety: any thread.
// Lifetime: keeps nothing.

#ifndef METACONV_CONVERTER_PROC_FIELDS_H_
#define METACONV_CONVERTER_PROC_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace metaconv {

// The sum of the fields with these keys, in bytes. Absent if the file has none of them or cannot be read.
std::optional<std::int64_t> ProcFieldBytes(const std::string& path, std::initializer_list<std::string_view> keys);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PROC_FIELDS_H_
