// RecordsFromJson: parses records that AsJson wrote and restores the references between them.
//
// The document is {"storages": [record, …], "tensors": [record, …]}, in any order. A record that other records refer to
// by its id becomes one object that all of them share. For each record that AsJson wrote without symbolic values,
// AsJson of the parsed record returns the same JSON.
//
// Do not use it for records that depend on the process that made them, because JSON does not represent every field:
//   ctx, functorch_stack, fake_mode, opaque_attrs   become an OpaqueValue whose Repr() returns the original's text
//   view_func                                       keeps the operation's name and cannot be applied
//   data, autograd_meta_from                        are null
//   symbolic sizes                                  are an error
//
// Example:
//   absl::StatusOr<RecordSet> records = RecordsFromJson(nlohmann::ordered_json::parse(text));
//   converter.MetaTensor(*records->tensors.at(0));
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
#include "nlohmann/json.hpp"

namespace metaconv {

struct RecordSet {
  std::map<MetaTensorId, MetaTensorDescPtr> tensors;
  std::map<MetaStorageId, MetaStorageDesc> storages;
};

// Records nested deeper than this are an error, because code that visits records is recursive.
inline constexpr int kMaxRecordDepth = 1000;

// Errors: kInvalidArgument for JSON that AsJson does not write; the message names record and field: "record 3: dtype:
// expected the name of a dtype, found 'torch.float33'". kUnimplemented for symbolic sizes.
absl::StatusOr<RecordSet> RecordsFromJson(const nlohmann::ordered_json& document);

}  // namespace metaconv

#endif  // METACONV_META_FROM_JSON_H_
