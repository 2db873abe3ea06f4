#include <ostream>

#include "meta/as_json.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {
namespace {

// Prints like a Python dataclass: the fields of the JSON form, with strings unquoted because they are reprs already.
std::ostream& PrintFields(std::ostream& os, const char* type, const nlohmann::ordered_json& fields) {
  const char* separator = "";
  os << type << '(';
  for (const auto& [name, value] : fields.items()) {
    if (name == "describer_id") continue;
    os << separator << name << '=';
    if (value.is_string()) {
      os << value.get_ref<const std::string&>();
    } else {
      os << value;
    }
    separator = ", ";
  }
  return os << ')';
}

}  // namespace

std::ostream& operator<<(std::ostream& os, const MetaTensorDesc& desc) {
  return PrintFields(os, "MetaTensorDesc", AsJson(desc, /*describer_id=*/0));
}

std::ostream& operator<<(std::ostream& os, const MetaStorageDesc& desc) {
  return PrintFields(os, "MetaStorageDesc", AsJson(desc, /*describer_id=*/0));
}

}  // namespace metaconv
