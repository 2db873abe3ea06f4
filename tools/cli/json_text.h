// JsonText: JSON text on one line.
//
// Thread safety: pure functions.
// Lifetime: results own their text.

#ifndef METACONV_TOOLS_CLI_JSON_TEXT_H_
#define METACONV_TOOLS_CLI_JSON_TEXT_H_

#include <string>

#include "nlohmann/json.hpp"

namespace metaconv::cli {

// Names come from files and may contain any bytes. Invalid UTF-8, which JSON cannot represent, is replaced by U+FFFD.
template <typename Json>
std::string JsonText(const Json& json) {
  return json.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

inline std::string JsonText(const std::string& text) { return JsonText(nlohmann::json(text)); }

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_JSON_TEXT_H_
