#include "benchmarks/works/checkpoint_works.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors/safetensors_header.h"

namespace metaconv {
namespace {

Prepare Describe(const Graph& graph) {
  return [&graph] {
    auto checkpoint = std::make_shared<Checkpoint>();
    return [&graph, checkpoint] { *checkpoint = OrDie(ReadCheckpoint(graph.path)); };
  };
}

void ReadBytes(const std::string& path, std::vector<char>& into) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t got = read(descriptor, into.data() + done, into.size() - done);
    if (got <= 0) DieOf(absl::UnavailableError(absl::StrCat(path, " cannot be read")));
    done += static_cast<std::size_t>(got);
  }
  close(descriptor);
}

// Reads all bytes of the file into existing memory.
Prepare ReadWhole(const Graph& graph) {
  struct stat info = {};
  if (stat(graph.path.c_str(), &info) != 0)
    DieOf(absl::UnavailableError(absl::StrCat(graph.path, " does not exist any more")));
  auto bytes = std::make_shared<std::vector<char>>(static_cast<std::size_t>(info.st_size));
  return [&graph, bytes] {
    return [&graph, bytes] {
      ReadBytes(graph.path, *bytes);
      benchmark::DoNotOptimize(bytes->data());
    };
  };
}

// Baseline: parses the header of a safetensors file, which is in memory.
Prepare ParseHeader(const Graph& graph) {
  std::vector<char> length_bytes(sizeof(std::uint64_t));
  ReadBytes(graph.path, length_bytes);
  std::uint64_t length = 0;
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(&length, length_bytes.data(), sizeof(length));
  std::vector<char> bytes(sizeof(length) + static_cast<std::size_t>(length));
  ReadBytes(graph.path, bytes);
  const auto header = std::make_shared<const std::string>(bytes.begin() + sizeof(length), bytes.end());
  return [header] {
    auto text = std::make_shared<std::string>();
    text->reserve(header->size() + kSafetensorsHeaderPadding);
    *text = *header;
    return [text] { benchmark::DoNotOptimize(OrDie(ParseSafetensorsHeader(std::move(*text)))); };
  };
}

}  // namespace

std::vector<Work> CheckpointWorks() {
  return {
      {.name = "checkpoint/describe",
       .graphs = {"safetensors"},
       .floors = {"checkpoint/parse", "checkpoint/read"},
       .setup = Describe},
      {.name = "checkpoint/parse", .graphs = {"safetensors"}, .setup = ParseHeader},
      {.name = "checkpoint/read", .graphs = {"safetensors"}, .setup = ReadWhole},
  };
}

}  // namespace metaconv
