// AsJson: converts a record to the JSON object that the reference's `as_json` returns, field for field.
//
// Fields at their default value are omitted, nested records are written as their ids, and `describer_id` is the last
// key. This is the payload that PyTorch writes to its structured logs, so tlparse can read it.
//
// One thing is added: a view with a function of its own has the calls of its operators, with their arguments, and the
// ids of the tensors that they captured, where an argument {"tensor": i} is the i-th of these.
//   "view_func":"_CustomViewFunc(func=aten::select.int)",
//   "view_func_calls":[{"name":"aten::select.int","arguments":[null,0,3]}]
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

// The fields of records that the reference does not have.
inline constexpr const char* kViewFuncCalls = "view_func_calls";
inline constexpr const char* kViewFuncCaptured = "view_func_captured";

// Calls that are nested deeper are not written, and are an error when they are read.
inline constexpr int kMaxCallsDepth = 16;

nlohmann::ordered_json AsJson(const MetaTensorDesc& desc, DescriberId describer_id);
nlohmann::ordered_json AsJson(const MetaStorageDesc& desc, DescriberId describer_id);

}  // namespace metaconv

#endif  // METACONV_META_AS_JSON_H_
