// WriteTable: writes named records as a table for human readers.
//
//   NAME          DTYPE    SIZE       STORAGE     BYTES     DEVICE  NOTES
//   embed.weight  float32  [100, 16]  #0          6400      cpu     parameter
//   head.weight   float32  [100, 16]  #0          6400      cpu     same tensor as embed.weight, parameter
//   q             float32  [16, 16]   #1          1024      cpu     view
//   k             float32  [16, 16]   #1+256      1024      cpu     view
//
// Thread safety: pure functions, except for writing to the stream.
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_TABLE_H_
#define METACONV_TOOLS_CLI_TABLE_H_

#include <cstdint>
#include <ostream>
#include <span>
#include <string>

#include "checkpoint/checkpoint.h"

namespace metaconv::cli {

void WriteTable(std::span<const NamedTensor> tensors, std::span<const OpaqueObject> opaque, std::ostream& os);

// "1.5 KiB (1536 bytes)", "12 bytes"
std::string HumanBytes(std::int64_t bytes);

// `name` with non-printable characters escaped; "(the file)" for the empty name.
std::string DisplayName(const std::string& name);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_TABLE_H_
