#include "tests/checkpoint/storage_bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint_file.h"
#include "meta/meta_storage_desc.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"

namespace metaconv {

absl::StatusOr<std::string> ReadStorage(const CheckpointFile& file, MetaStorageId id, std::int64_t step) {
  const std::int64_t size = file.checkpoint().storages[static_cast<std::size_t>(id)].size;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::int64_t offset = 0; offset < size; offset += step) {
    const std::size_t count = static_cast<std::size_t>(std::min(step, size - offset));
    const absl::Status status =
        file.Read(id, offset, absl::MakeSpan(bytes).subspan(static_cast<std::size_t>(offset), count));
    if (!status.ok()) return status;
  }
  return bytes;
}

absl::Status ReadStorages(const CheckpointFile& file) {
  for (std::size_t id = 0; id < file.checkpoint().storages.size(); ++id) {
    absl::StatusOr<std::string> bytes = ReadStorage(file, static_cast<MetaStorageId>(id));
    if (!bytes.ok()) return bytes.status();
  }
  return absl::OkStatus();
}

std::string Pattern(std::size_t size, std::uint32_t seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((static_cast<std::uint32_t>(i / 5) * 2654435761u + seed * 40503u) >> 24);
  }
  return bytes;
}

std::string WriteTensors(std::string_view name, const std::vector<std::string>& records, ZipMethod method) {
  std::vector<std::pair<std::string, std::string>> items;
  std::vector<std::pair<std::string, std::string>> members;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::int64_t numel = static_cast<std::int64_t>(records[i].size() / 4);
    items.emplace_back(Text(absl::StrCat("t", i)), TensorV2(Storage(absl::StrCat(i), numel), 0, {numel}, {1}));
    members.emplace_back(absl::StrCat("archive/data/", i), records[i]);
  }
  members.emplace(members.begin(), "archive/data.pkl", Pickled(Dict(items)));
  return WriteZip(name, members, method);
}

}  // namespace metaconv
