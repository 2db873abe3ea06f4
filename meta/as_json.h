// AsJson: converts a record to the JSON object that the reference's `as_json` returns, field for field.
//
// Fields at their default value are omitted, nested records are written as their ids, and `describer_id` is the last
// key. This is the payload that PyTorch writes to its structured logs, so tlparse can read it.
//
// To read records back, use from_json.h.
//
// Example:
//   AsJson(*desc, 0).dump();
//   // {"id":0,"ndim":2,"dtype":"torch.float32","device":"device(type='cpu')","size":[4,8],
//   //  "dynamo_hint_overrides":{},"is_leaf":true,"stride":[8,1],"storage":0,
//   //  "view_func":"_CustomViewFunc(func=none)","describer_id":0}
//
// Thread safety: pure functions.
// Lifetime: results own their data.
// Source: `MetaTensorDesc.as_json`, `MetaStorageDesc.as_json` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_AS_JSON_H_
#define METACONV_META_AS_JSON_H_

#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"

namespace metaconv {

nlohmann::ordered_json AsJson(const MetaTensorDesc& desc, DescriberId describer_id);
nlohmann::ordered_json AsJson(const MetaStorageDesc& desc, DescriberId describer_id);

}  // namespace metaconv

#endif  // METACONV_META_AS_JSON_H_
