// RecordsFromJson: parses records that AsJson wrote and restores the references between them.
//
// The document is {"storages": [record, …], "tensors": [record, …]}, in any order. A record that other records refer to
// by its id becomes one object that all of them share. For each record that AsJson wrote without symbolic values,
// AsJson of the parsed record returns the same JSON.
//
// Do not use it for records that depend on the process that made them, because JSON does not represent every field:
//   view_func                                       can be applied if `decoders` know its calls; otherwise it keeps
//                                                   them, and AsJson writes them again
//   ctx, functorch_stack, fake_mode, opaque_attrs   become an OpaqueValue whose Repr() returns the original's text
//   data, autograd_meta_from                        are null
//   symbolic sizes                                  are an error
// binary/encode_records.h keeps opaque values too.
//
// Example:
//   absl::StatusOr<RecordSet> records = RecordsFromJson(nlohmann::ordered_json::parse(text));
//   converter.MetaTensor(*records->tensors.at(0));
//   RecordsFromJson(document, TorchDecoders());            // With view functions that can be applied.
//
// Only the format is checked here. Consistency between fields is checked when something is built from a record.
//
// Thread safety: a pure function.
// Lifetime: results own their data.

#ifndef METACONV_META_FROM_JSON_H_
#define METACONV_META_FROM_JSON_H_

#include <map>

#include "absl/status/statusor.h"
#include "meta/meta_tensor_desc.h"
#include "meta/record_decoders.h"
#include "meta/record_depth.h"
#include "nlohmann/json.hpp"

namespace metaconv {

struct RecordSet {
  std::map<MetaTensorId, MetaTensorDescPtr> tensors;
  std::map<MetaStorageId, MetaStorageDesc> storages;
};

// Errors: kInvalidArgument for JSON that AsJson does not write; the message names record and field: "record 3: dtype:
// expected the name of a dtype, found 'torch.float33'". kUnimplemented for symbolic sizes. Those of the decoders.
absl::StatusOr<RecordSet> RecordsFromJson(const nlohmann::ordered_json& document, const RecordDecoders& decoders = {});

}  // namespace metaconv

#endif  // METACONV_META_FROM_JSON_H_
