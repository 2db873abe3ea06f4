// WriteDocument: writes named records as one JSON document.
//
//   {"format": "metaconv/1", "describer_id": 0, "storages": [...], "tensors": [...], "names": {"layer.weight": 3, ...},
//    "opaque": {"optimizer": "package.Class", ...}}
//
// Storages and tensors are in id order, include nested records, and have the form of AsJson. `opaque` is left out if
// empty. Each record is on one line, so that documents can be compared with line-based tools. Records are written one
// by one, so the document is never in memory as a whole.
//
// Example:
//   WriteDocument(checkpoint.tensors, checkpoint.opaque, /*describer_id=*/0, std::cout);
//
// Thread safety: a pure function, except for writing to the stream.
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_DOCUMENT_H_
#define METACONV_TOOLS_CLI_DOCUMENT_H_

#include <ostream>
#include <span>

#include "checkpoint/checkpoint.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv::cli {

void WriteDocument(std::span<const NamedTensor> tensors, std::span<const OpaqueObject> opaque, DescriberId describer_id,
                   std::ostream& os);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_DOCUMENT_H_
