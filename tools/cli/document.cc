#include "tools/cli/document.h"

#include <ostream>
#include <span>
#include <string>

#include "meta/as_json.h"
#include "tools/cli/json_text.h"
#include "tools/cli/record_index.h"

namespace metaconv::cli {
namespace {

// Writes the items of an array or object without the brackets, one per line.
template <typename Items, typename ToText>
void WriteItems(const Items& items, std::ostream& os, const ToText& to_text) {
  const char* separator = "\n";
  for (const auto& item : items) {
    os << separator << to_text(item);
    separator = ",\n";
  }
}

}  // namespace

void WriteDocument(std::span<const NamedTensor> tensors, std::span<const OpaqueObject> opaque, DescriberId describer_id,
                   std::ostream& os) {
  const RecordIndex index(tensors);
  const auto record = [&](const auto& item) { return JsonText(AsJson(*item.second, describer_id)); };
  os << "{\"format\": \"metaconv/1\", \"describer_id\": " << describer_id << ",\n\"storages\": [";
  WriteItems(index.storages(), os, record);
  os << "],\n\"tensors\": [";
  WriteItems(index.tensors(), os, record);
  os << "],\n\"names\": {";
  WriteItems(tensors, os,
             [](const NamedTensor& tensor) { return JsonText(tensor.name) + ": " + std::to_string(tensor.desc->id); });
  os << '}';
  if (!opaque.empty()) {
    os << ",\n\"opaque\": {";
    WriteItems(opaque, os,
               [](const OpaqueObject& object) { return JsonText(object.name) + ": " + JsonText(object.type); });
    os << '}';
  }
  os << "}\n";
}

}  // namespace metaconv::cli
