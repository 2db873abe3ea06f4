#include "tools/cli/lock_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/as_json.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/torch_status.h"
#include "tools/cli/json_text.h"
#include "tools/cli/progress.h"
#include "tools/cli/table.h"

namespace metaconv::cli {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "metaconv-lock/1";
// The sections of a lock file that map names to locked values.
constexpr const char* kSections[] = {"tensors", "opaque"};

// The first name of each tensor and storage, by id.
struct FirstNames {
  absl::flat_hash_map<MetaTensorId, std::string> tensors;
  absl::flat_hash_map<MetaStorageId, std::string> storages;
};

Json LockRecord(const std::string& name, const MetaTensorDesc& desc, FirstNames& first) {
  Json record = AsJson(desc, /*describer_id=*/0);
  for (const char* key : {"id", "describer_id", "storage", "view_func", kViewFuncCalls, kViewFuncCaptured})
    record.erase(key);
  if (record["dynamo_hint_overrides"].empty()) record.erase("dynamo_hint_overrides");
  ForEachNested(desc, [&](const char* field, const MetaTensorDescPtr& nested) {
    record[field] = LockRecord(absl::StrCat(name, ".", field), *nested, first);
  });
  if (desc.storage.has_value()) {
    record["storage_bytes"] = AsJson(*desc.storage, 0)["size"];
    const auto [storage, is_new] = first.storages.emplace(desc.storage->id, name);
    if (!is_new && storage->second != name) record["shares_storage_with"] = storage->second;
  }
  if (const auto [tensor, is_new] = first.tensors.emplace(desc.id, name); !is_new && tensor->second != name) {
    record["same_tensor_as"] = tensor->second;
  }
  return record;
}

std::string Show(const Json& object, const std::string& key) {
  const auto value = object.find(key);
  return value == object.end() ? "nothing" : JsonText(*value);
}

void CompareFields(const std::string& name, const Json& locked, const Json& found, std::vector<std::string>& lines) {
  const auto compare = [&](const std::string& field) {
    lines.push_back(absl::StrCat(name, ": ", field, ": locked ", Show(locked, field), ", found ", Show(found, field)));
  };
  for (const auto& [field, value] : locked.items()) {
    if (const auto other = found.find(field); other == found.end() || *other != value) compare(field);
  }
  for (const auto& [field, value] : found.items()) {
    if (!locked.contains(field)) compare(field);
  }
}

absl::Status NotALock(const std::string& path, const std::string& expected) {
  return absl::DataLossError(absl::StrCat(path, ": not a lock file: expected ", expected));
}

absl::Status CheckShape(const std::string& path, const Json& lock) {
  if (!lock.is_object()) return NotALock(path, absl::StrCat("an object, found ", lock.type_name()));
  const auto format = lock.find("format");
  if (format == lock.end() || *format != kFormat) {
    return NotALock(path, absl::StrCat("\"format\": \"", kFormat, "\", found ", Show(lock, "format")));
  }
  for (const char* section : kSections) {
    if (!lock.contains(section) || !lock[section].is_object())
      return NotALock(path, absl::StrCat("an object in \"", section, "\""));
  }
  for (const auto& [name, record] : lock["tensors"].items()) {
    if (!record.is_object()) return NotALock(path, absl::StrCat("an object for tensor ", JsonText(name)));
  }
  return absl::OkStatus();
}

}  // namespace

Json LockOf(const Checkpoint& checkpoint) {
  Json lock = {{"format", kFormat}, {"tensors", Json::object()}, {"opaque", Json::object()}};
  FirstNames first;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    lock["tensors"][tensor.name] = LockRecord(tensor.name, *tensor.desc, first);
  }
  for (const OpaqueObject& object : checkpoint.opaque) lock["opaque"][object.name] = object.type;
  return lock;
}

void WriteLock(const Json& lock, std::ostream& os) {
  os << "{\"format\": " << JsonText(lock["format"]);
  for (const char* section : kSections) {
    os << ",\n\"" << section << "\": {";
    const char* separator = "\n";
    for (const auto& [name, value] : lock[section].items()) {
      os << separator << JsonText(name) << ": " << JsonText(value);
      separator = ",\n";
    }
    os << '}';
  }
  os << "}\n";
}

absl::StatusOr<Json> ReadLock(const std::string& path) {
  const Progress progress(absl::StrCat("reading ", path));
  std::ifstream is(path, std::ios::binary);
  if (!is) return absl::NotFoundError(absl::StrCat(path, ": cannot open: ", std::strerror(errno)));
  absl::StatusOr<Json> lock = CatchTorch(path, [&] { return Json::parse(is); });
  if (!lock.ok()) return absl::DataLossError(lock.status().message());
  if (absl::Status status = CheckShape(path, *lock); !status.ok()) return status;
  return lock;
}

std::vector<std::string> CompareLocks(const Json& locked, const Json& found) {
  std::vector<std::string> lines;
  for (const char* section : kSections) {
    for (const auto& [name, value] : locked[section].items()) {
      const auto other = found[section].find(name);
      if (other == found[section].end()) {
        lines.push_back(absl::StrCat(DisplayName(name), ": removed: locked ", JsonText(value)));
      } else if (value.is_object() && other->is_object()) {
        CompareFields(DisplayName(name), value, *other, lines);
      } else if (value != *other) {
        lines.push_back(
            absl::StrCat(DisplayName(name), ": type: locked ", JsonText(value), ", found ", JsonText(*other)));
      }
    }
    for (const auto& [name, value] : found[section].items()) {
      if (!locked[section].contains(name)) {
        lines.push_back(absl::StrCat(DisplayName(name), ": added: found ", JsonText(value)));
      }
    }
  }
  return lines;
}

}  // namespace metaconv::cli
