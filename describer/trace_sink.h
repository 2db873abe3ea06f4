// TraceSink: a function that receives structured trace records.
//
// With tracing on, a describer emits one record for each tensor and each storage when it first describes it, and a
// converter emits one for each conversion with a source name. The payload is the one that PyTorch writes to its
// structured log under the same name, so tools that read those logs can read these.
//
// Example:
//   MetaTensorDescriber describer({.trace_sink = [](std::string_view name, const nlohmann::ordered_json& payload) {
//     std::cerr << name << ' ' << payload << '\n';   // describe_storage {"id":0,"describer_id":3,"size":64}
//   }});
//
// Thread safety: called on the thread that describes, from several threads at once, with no lock held.
// Lifetime: may be called as long as the describer exists.
// Source: `trace_structured` calls of torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_TRACE_SINK_H_
#define METACONV_DESCRIBER_TRACE_SINK_H_

#include <functional>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

namespace metaconv {

// `name` is "describe_storage", "describe_tensor" or "describe_source".
using TraceSink = std::function<void(std::string_view name, const nlohmann::ordered_json& payload)>;

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TRACE_SINK_H_
