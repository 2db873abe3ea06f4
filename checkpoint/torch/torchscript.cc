#include "checkpoint/torch/torchscript.h"

#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/torch/archive_reader.h"
#include "checkpoint/torch/flatten.h"
#include "checkpoint/torch/storage_table.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

bool HasMember(const FileProbe& probe, std::string_view name) {
  return probe.zip->Find(absl::StrCat(ArchiveFolder(*probe.zip), "/", std::string(name))) != nullptr;
}

}  // namespace

bool IsTorchScript(const FileProbe& probe) {
  return probe.zip.has_value() && HasMember(probe, "data.pkl") && HasMember(probe, "constants.pkl");
}

absl::StatusOr<Checkpoint> ReadTorchScript(const FileProbe& probe, const ReadOptions& options) {
  // Attributes are listed in the order of the archive. It has the parameters of a module before its buffers, and both
  // before its submodules, which is the order of state_dict(), with other attributes between them.
  constexpr std::pair<std::string_view, std::string_view> kPickles[] = {{"data", ""}, {"constants", "constants"}};
  PickleHeap heap(kLimits.pickle_heap_bytes);
  StorageTable storages;
  ArchiveReader reader(*probe.zip, options, heap, storages);
  Checkpoint checkpoint;
  RecordMaker records(options);
  Flattener flattener(storages, options.map_location, records, checkpoint);
  for (const auto& [folder, name] : kPickles) {
    const std::string member = absl::StrCat(std::string(folder), ".pkl");
    // torch.jit.load ignores the member "byteorder".
    absl::StatusOr<PickleValue> root = reader.ReadPickle(member, folder, std::endian::native);
    if (!root.ok()) return root.status();
    if (absl::Status status = flattener.Walk(name, *root); !status.ok()) {
      return WithContext(MemberPlace(reader.MemberName(member)), status, ", ");
    }
  }
  checkpoint.storages = records.TakeLocations();
  return checkpoint;
}

}  // namespace metaconv
