#include "benchmarks/works/checkpoint_works.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "checkpoint/checkpoint.h"

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

}  // namespace

std::vector<Work> CheckpointWorks() {
  return {
      {.name = "checkpoint/describe", .graphs = {"safetensors"}, .floors = {"checkpoint/read"}, .setup = Describe},
      {.name = "checkpoint/read", .graphs = {"safetensors"}, .setup = ReadWhole},
  };
}

}  // namespace metaconv
