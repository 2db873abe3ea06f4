// TraceSink: where structured trace records go.
//
// One record for each tensor and storage, once per describer, when it is described with tracing on; and one for each
// conversion that names its source. The payload is what PyTorch writes to its structured log under the same name, so
// that the tools which read those logs read these.
//
// Example:
//   MetaTensorDescriber describer({.trace_sink = [](std::string_view name, const nlohmann::ordered_json& payload) {
//     std::cerr << name << ' ' << payload << '\n';   // describe_storage {"id":0,"describer_id":3,"size":64}
//   }});
//
// Thread safety: called from whichever thread describes, from several at once, with no lock held.
// Lifetime: called as long as the describer lives.
// Source: `trace_structured` calls of torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_TRACE_SINK_H_
#define METACONV_DESCRIBER_TRACE_SINK_H_

#include <functional>
#include <string_view>

#include "nlohmann/json.hpp"

namespace metaconv {

// `name` is "describe_storage", "describe_tensor" or "describe_source".
using TraceSink = std::function<void(std::string_view name, const nlohmann::ordered_json& payload)>;

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TRACE_SINK_H_
