#include "tools/cli/load_report.h"

#include <chrono>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_format.h"
#include "converter/checkpoint_data.h"
#include "converter/compare_with_file.h"
#include "converter/materialize.h"
#include "converter/storage_path.h"
#include "nlohmann/json.hpp"
#include "tools/cli/json_text.h"
#include "tools/cli/peak_memory.h"
#include "tools/cli/progress.h"
#include "tools/cli/table.h"

namespace metaconv::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Forwards to another source and records the storages that it makes.
class RecordingSource final : public DataSource {
 public:
  explicit RecordingSource(DataSource& source) : source_(source) {}

  absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const PlacedStorage> placed,
                                                         const LoadControl& control) override {
    absl::StatusOr<std::vector<c10::Storage>> made = source_.MakeStorages(placed, control);
    if (!made.ok()) return made;
    for (const PlacedStorage& storage : placed) descs_.push_back(storage.desc);
    storages_ = *made;
    return made;
  }
  bool has_elements() const override { return source_.has_elements(); }
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device) override {
    return source_.MakeOpaque(desc, device);
  }

  const std::vector<MetaStorageDesc>& descs() const { return descs_; }
  const std::vector<c10::Storage>& storages() const { return storages_; }

 private:
  DataSource& source_;
  std::vector<MetaStorageDesc> descs_;
  std::vector<c10::Storage> storages_;
};

}  // namespace

absl::StatusOr<LoadReport> LoadAll(const CheckpointFile& file, const LoadOptions& options) {
  std::vector<MetaTensorDescPtr> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc);

  const PeakMemory peak;
  const auto start = Clock::now();
  const std::unique_ptr<DataSource> bytes = CheckpointData(file, {.map = options.map});
  RecordingSource source(*bytes);
  absl::StatusOr<std::vector<at::Tensor>> tensors;
  {
    Progress progress("loading");
    LoadControl control;
    if (progress.is_shown()) {
      control.progress = [&](std::int64_t done, std::int64_t total) { progress.SetBytes(done, total); };
    }
    tensors = Materialize(records, options.device, source, control);
  }
  if (!tensors.ok()) return tensors.status();
  // Work on the device may still be running.
  const c10::Device device = source.storages().empty() ? options.device : source.storages().front().device();
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  if (absl::Status status = (*path)->Wait(device); !status.ok()) return status;

  LoadReport report = {.device = device.str(),
                       .names = static_cast<std::int64_t>(records.size()),
                       .storages = static_cast<std::int64_t>(source.storages().size()),
                       .seconds = SecondsSince(start),
                       .peak_bytes = peak.Bytes(),
                       .comparison = {}};
  for (const c10::Storage& storage : source.storages()) report.bytes += static_cast<std::int64_t>(storage.nbytes());
  if (options.verify) {
    const Progress progress("comparing with the file");
    const auto verify_start = Clock::now();
    report.comparison = CompareWithFile(file, source.descs(), source.storages());
    report.verify_seconds = SecondsSince(verify_start);
  }
  return report;
}

void WriteReport(const LoadReport& report, OutputFormat format, std::ostream& os) {
  if (format == OutputFormat::kJson) {
    nlohmann::ordered_json json = {{"format", "metaconv-load-report/1"},
                                   {"device", report.device},
                                   {"names", report.names},
                                   {"storages", report.storages},
                                   {"bytes", report.bytes},
                                   {"seconds", report.seconds},
                                   {"bytes_per_second", report.bytes_per_second()},
                                   {"peak_bytes", nullptr},
                                   {"verified", nullptr},
                                   {"failures", nlohmann::ordered_json::array()}};
    if (report.peak_bytes.has_value()) json["peak_bytes"] = *report.peak_bytes;
    if (report.comparison.has_value()) json["verified"] = report.comparison->ok();
    if (!report.successful()) json["failures"].push_back(std::string(report.comparison->message()));
    os << JsonText(json) << '\n';
    return;
  }
  if (!report.successful()) os << std::string(report.comparison->message()) << '\n';
  os << absl::StreamFormat("%-18s %d names, %d storages, on %s\n", "tensors loaded", report.names, report.storages,
                           report.device)
     << absl::StreamFormat("%-18s %s in %.3f ms, %.2f GB/s\n", "bytes", HumanBytes(report.bytes), report.seconds * 1e3,
                           report.bytes_per_second() / 1e9)
     << absl::StreamFormat(
            "%-18s %s\n", "peak memory",
            report.peak_bytes.has_value() ? HumanBytes(*report.peak_bytes) : "not available on this system");
  if (!report.comparison.has_value()) return;
  os << absl::StreamFormat("%-18s %s, %.3f ms\n", "compared",
                           report.successful() ? "every byte matches the file" : "failed, see above",
                           report.verify_seconds * 1e3);
}

}  // namespace metaconv::cli
