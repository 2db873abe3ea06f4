#include "tools/cli/conversion_report.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "converter/meta_converter.h"
#include "meta/assert_metadata_eq.h"
#include "nlohmann/json.hpp"
#include "tools/cli/json_text.h"
#include "tools/cli/progress.h"
#include "tools/cli/record_index.h"
#include "tools/cli/table.h"

namespace metaconv::cli {
namespace {

// Checks that the mapping between ids and objects is one-to-one.
class Pairing {
 public:
  bool Add(std::int64_t id, const void* object) {
    const bool same_object = object_of_.emplace(id, object).first->second == object;
    const bool same_id = id_of_.emplace(object, id).first->second == id;
    return same_object && same_id;
  }

 private:
  std::map<std::int64_t, const void*> object_of_;
  std::map<const void*, std::int64_t> id_of_;
};

// Keeps a result alive, so that the converter remembers it and it can be compared with the others.
struct Converted {
  std::string name;
  MetaTensorDescPtr desc;
  at::Tensor tensor;
};

void CheckSharing(const std::vector<Converted>& converted, std::vector<std::string>& failures) {
  Pairing tensors;
  Pairing storages;
  for (const Converted& c : converted) {
    if (!tensors.Add(c.desc->id, c.tensor.unsafeGetTensorImpl())) {
      failures.push_back(absl::StrCat(DisplayName(c.name),
                                      ": expected one result object per source tensor, found a different assignment"));
    }
    if (!c.desc->storage.has_value()) continue;
    if (!storages.Add(c.desc->storage->id, c.tensor.storage().unsafeGetStorageImpl())) {
      failures.push_back(absl::StrCat(
          DisplayName(c.name), ": expected results to share a storage exactly where the sources do, found otherwise"));
    }
  }
}

std::int64_t BytesHeld(const std::vector<Converted>& converted) {
  std::set<const c10::StorageImpl*> seen;
  std::int64_t bytes = 0;
  for (const Converted& c : converted) {
    if (!c.tensor.has_storage()) continue;
    const c10::Storage& storage = c.tensor.storage();
    if (!seen.insert(storage.unsafeGetStorageImpl()).second || storage.data() == nullptr) continue;
    bytes += static_cast<std::int64_t>(storage.nbytes());
  }
  return bytes;
}

}  // namespace

ConversionReport ConvertAll(std::span<const NamedTensor> tensors) {
  const RecordIndex index(tensors);
  ConversionReport report = {.names = static_cast<std::int64_t>(tensors.size()),
                             .tensors = 0,
                             .storages = static_cast<std::int64_t>(index.storages().size()),
                             .alias_groups = index.alias_groups(),
                             .bytes_represented = index.total_bytes(),
                             .failures = {}};
  Progress progress("converting");
  const auto start = std::chrono::steady_clock::now();
  MetaConverter converter;
  std::vector<Converted> converted;
  std::set<MetaTensorId> ids;
  for (const NamedTensor& tensor : tensors) {
    progress.Advance();
    const absl::StatusOr<at::Tensor> result = converter.MetaTensor(*tensor.desc);
    if (!result.ok()) {
      report.failures.push_back(absl::StrCat(DisplayName(tensor.name), ": ", result.status().message()));
      continue;
    }
    // The converter checks its results too. This tool reports the check, so it makes an independent one.
    if (const absl::Status status = AssertMetadataEq(*tensor.desc, *result); !status.ok()) {
      report.failures.push_back(absl::StrCat(DisplayName(tensor.name), ": ", status.message()));
    }
    ids.insert(tensor.desc->id);
    converted.push_back({tensor.name, tensor.desc, *result});
  }
  CheckSharing(converted, report.failures);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.tensors = static_cast<std::int64_t>(ids.size());
  report.bytes_allocated = BytesHeld(converted);
  return report;
}

void WriteReport(const ConversionReport& report, OutputFormat format, std::ostream& os) {
  if (format == OutputFormat::kJson) {
    const nlohmann::ordered_json json = {{"format", "metaconv-report/1"},
                                         {"names", report.names},
                                         {"tensors", report.tensors},
                                         {"storages", report.storages},
                                         {"alias_groups", report.alias_groups},
                                         {"bytes_represented", report.bytes_represented},
                                         {"bytes_allocated", report.bytes_allocated},
                                         {"seconds", report.seconds},
                                         {"failures", report.failures}};
    os << JsonText(json) << '\n';
    return;
  }
  for (const std::string& failure : report.failures) os << failure << '\n';
  os << absl::StreamFormat("%-18s %d, under %d names\n", "tensors converted", report.tensors, report.names)
     << absl::StreamFormat("%-18s %d, of which %d are shared by several tensors\n", "storages", report.storages,
                           report.alias_groups)
     << absl::StreamFormat("%-18s %s\n", "bytes represented", HumanBytes(report.bytes_represented))
     << absl::StreamFormat("%-18s %s\n", "bytes allocated", HumanBytes(report.bytes_allocated))
     << absl::StreamFormat("%-18s %.3f ms\n", "time", report.seconds * 1e3)
     << absl::StreamFormat("%-18s %s\n", "checks",
                           report.successful()
                               ? "every result matches its record, and storages are shared as in the source"
                               : absl::StrCat(report.failures.size(), " failed, listed above"));
}

}  // namespace metaconv::cli
