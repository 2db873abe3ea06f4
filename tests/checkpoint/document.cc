#include "tests/checkpoint/document.h"

#include <map>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_types.h"
#include "meta/as_json.h"
#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

using JsonById = std::map<MetaTensorId, nlohmann::ordered_json>;

void Add(const MetaTensorDescPtr& desc, JsonById& storages, JsonById& tensors) {
  if (desc == nullptr) return;
  if (desc->storage.has_value()) storages[desc->storage->id] = AsJson(*desc->storage, 0);
  tensors[desc->id] = AsJson(*desc, 0);
  for (const MetaTensorDescPtr& part :
       {desc->sparse().crow_indices, desc->sparse().col_indices, desc->sparse().ccol_indices,
        desc->sparse().row_indices, desc->sparse().values, desc->sparse().indices, desc->base, desc->grad()}) {
    Add(part, storages, tensors);
  }
}

nlohmann::ordered_json ValuesOf(const JsonById& records) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [id, record] : records) list.push_back(record);
  return list;
}

}  // namespace

nlohmann::ordered_json Document(const Checkpoint& checkpoint) {
  JsonById storages;
  JsonById tensors;
  nlohmann::ordered_json names = nlohmann::ordered_json::object();
  for (const NamedTensor& tensor : checkpoint.tensors) {
    Add(tensor.desc, storages, tensors);
    names[tensor.name] = tensor.desc->id;
  }
  nlohmann::ordered_json document = {{"format", "metaconv/1"},
                                     {"describer_id", 0},
                                     {"storages", ValuesOf(storages)},
                                     {"tensors", ValuesOf(tensors)},
                                     {"names", names}};
  for (const OpaqueObject& object : checkpoint.opaque) document["opaque"][object.name] = object.type;
  return document;
}

std::vector<std::string> Names(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : checkpoint.tensors) names.push_back(tensor.name);
  return names;
}

std::vector<std::string> OpaqueNames(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const OpaqueObject& object : checkpoint.opaque) names.push_back(object.name + ": " + object.type);
  return names;
}

}  // namespace metaconv
