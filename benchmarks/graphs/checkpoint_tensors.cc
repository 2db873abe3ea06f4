#include "benchmarks/graphs/checkpoint_tensors.h"

#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint.h"
#include "converter/data_source.h"
#include "converter/materialize.h"

namespace metaconv {
namespace {

// Removes the file when the process ends.
class TemporaryFile {
 public:
  TemporaryFile() : path_(std::filesystem::temp_directory_path() / absl::StrCat("metaconv_benchmark_", getpid())) {}
  ~TemporaryFile() { unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// The safetensors format: the length in eight bytes, a JSON header of that length, the data. Each tensor here is one
// row of floats.
std::string SafetensorsBytes(Random& random, std::int64_t count) {
  std::string header = "{";
  std::int64_t end = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t size = 1 + random.Below(16);
    const std::int64_t begin = std::exchange(end, end + 4 * size);
    absl::StrAppend(&header, i == 0 ? "" : ",", "\"layers.", i, ".weight\":{\"dtype\":\"F32\",\"shape\":[", size,
                    "],\"data_offsets\":[", begin, ",", end, "]}");
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::uint64_t length = header.size();
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  return bytes + header + std::string(static_cast<std::size_t>(end), '\0');
}

}  // namespace

absl::StatusOr<Graph> CheckpointTensors(const std::string& path) {
  const absl::StatusOr<Checkpoint> checkpoint =
      ReadCheckpoint(path, {.map_location = c10::Device(at::kCPU), .sparse_parts = true});
  if (!checkpoint.ok()) return checkpoint.status();
  std::vector<MetaTensorDescPtr> records;
  for (const NamedTensor& tensor : checkpoint->tensors) records.push_back(tensor.desc);
  absl::StatusOr<std::vector<at::Tensor>> tensors = Materialize(records, at::kCPU, *Uninitialized());
  if (!tensors.ok()) return tensors.status();
  return Graph{.tensors = *std::move(tensors), .path = path};
}

absl::StatusOr<Graph> SafetensorsFile(Random& random, std::int64_t count) {
  static const TemporaryFile file;
  std::ofstream stream(file.path(), std::ios::binary | std::ios::trunc);
  stream << SafetensorsBytes(random, count);
  stream.close();
  if (!stream) return absl::UnavailableError(absl::StrCat(file.path(), " cannot be written"));
  return CheckpointTensors(file.path());
}

}  // namespace metaconv
