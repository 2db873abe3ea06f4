#include "meta/json_depth.h"

#include <utility>
#include <vector>

namespace metaconv {

bool IsDeeperThan(const nlohmann::ordered_json& json, int limit) {
  std::vector<std::pair<const nlohmann::ordered_json*, int>> open = {{&json, 1}};
  while (!open.empty()) {
    const auto [value, depth] = open.back();
    open.pop_back();
    if (depth > limit) return true;
    if (!value->is_structured()) continue;
    for (const nlohmann::ordered_json& inner : *value) open.emplace_back(&inner, depth + 1);
  }
  return false;
}

}  // namespace metaconv
