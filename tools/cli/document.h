// WriteDocument: records with their names as one JSON document.
//
//   {"format": "metaconv/1", "describer_id": 0, "storages": [...], "tensors": [...], "names": {"layer.weight": 3, ...},
//    "opaque": {"optimizer": "package.Class", ...}}
//
// Storages and tensors stand in id order, nested records included, each as in AsJson; `opaque` is left out when empty.
// One record a line, so that documents can be compared with line tools; written as it is made, whatever its size.
//
// Example:
//   WriteDocument(checkpoint.tensors, checkpoint.opaque, /*describer_id=*/0, std::cout);
//
// Thread safety: pure but for the stream.
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
