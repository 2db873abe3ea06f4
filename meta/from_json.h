// RecordsFromJson: records as AsJson wrote them, with what they nest put back in its place.
//
// The document is {"storages": [record, …], "tensors": [record, …]}, in any order. A record that others name by its id
// is one object, shared by all of them. For each record that AsJson wrote without symbols, AsJson of the result is the
// same again.
//
// Not for records that only the process that made them can use: JSON says less than a record does.
//   ctx, functorch_stack, fake_mode, opaque_attrs   keep their text, as an OpaqueValue that has it for its Repr()
//   view_func                                       keeps the operation's name, and cannot be applied
//   data, autograd_meta_from                        are null
//   symbolic sizes                                  are an error
//
// Example:
//   absl::StatusOr<RecordSet> records = RecordsFromJson(nlohmann::ordered_json::parse(text));
//   converter.MetaTensor(*records->tensors.at(0));
//
// Only the form is checked here. Whether a record makes sense is for those to say who build something from it.
//
// Thread safety: a pure function.
// Lifetime: results own what they hold.

#ifndef METACONV_META_FROM_JSON_H_
#define METACONV_META_FROM_JSON_H_

#include <map>

#include "absl/status/statusor.h"
#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"

namespace metaconv {

struct RecordSet {
  std::map<MetaTensorId, MetaTensorDescPtr> tensors;
  std::map<MetaStorageId, MetaStorageDescPtr> storages;
};

// Records nested deeper than this are an error: whoever goes through them recurses.
inline constexpr int kMaxRecordDepth = 1000;

// Errors: kInvalidArgument for whatever AsJson does not write, with record and field: "record 3: dtype: expected the
// name of a dtype, found 'torch.float33'"; kUnimplemented for symbolic sizes.
absl::StatusOr<RecordSet> RecordsFromJson(const nlohmann::ordered_json& document);

}  // namespace metaconv

#endif  // METACONV_META_FROM_JSON_H_
