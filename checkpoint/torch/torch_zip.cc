#include "checkpoint/torch/torch_zip.h"

#include <bit>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/utf8.h"
#include "checkpoint/io/zip_archive.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/torch/archive_reader.h"
#include "checkpoint/torch/flatten.h"
#include "checkpoint/torch/storage_table.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

constexpr std::size_t kMaxByteorderBytes = 16;

// The byte order of the machine that wrote the file. Files of early versions do not have it; as in torch.load they are
// read as little-endian.
absl::StatusOr<std::endian> ReadByteorder(const ZipArchive& archive, const ArchiveReader& reader) {
  const std::string name = reader.MemberName("byteorder");
  const ZipMember* const member = archive.Find(name);
  if (member == nullptr) return std::endian::little;
  absl::StatusOr<std::string> byteorder = archive.ReadMember(*member, kMaxByteorderBytes);
  if (!byteorder.ok()) return WithContext(MemberPlace(name), byteorder.status(), ", ");
  if (*byteorder == "little") return std::endian::little;
  if (*byteorder == "big") return std::endian::big;
  return WithContext(
      MemberPlace(name),
      absl::DataLossError(absl::StrCat("expected 'little' or 'big', found '", EscapeInvalidUtf8(*byteorder), "'")),
      ", ");
}

}  // namespace

bool IsTorchZip(const FileProbe& probe) {
  return probe.zip.has_value() && probe.zip->Find(absl::StrCat(ArchiveFolder(*probe.zip), "/data.pkl")) != nullptr;
}

absl::StatusOr<Checkpoint> ReadTorchZip(const FileProbe& probe, const ReadOptions& options) {
  PickleHeap heap(kLimits.pickle_heap_bytes);
  StorageTable storages;
  ArchiveReader reader(*probe.zip, options, heap, storages);
  absl::StatusOr<std::endian> order = ReadByteorder(*probe.zip, reader);
  if (!order.ok()) return order.status();
  absl::StatusOr<PickleValue> root = reader.ReadPickle("data.pkl", "data", *order);
  if (!root.ok()) return root.status();

  Checkpoint checkpoint;
  RecordMaker records(options);
  Flattener flattener(storages, options.map_location, records, checkpoint);
  if (absl::Status status = flattener.Walk("", *root); !status.ok()) {
    return WithContext(MemberPlace(reader.MemberName("data.pkl")), status, ", ");
  }
  checkpoint.storages = records.TakeLocations();
  return checkpoint;
}

}  // namespace metaconv
