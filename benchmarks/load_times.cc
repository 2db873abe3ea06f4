// Measures loading a checkpoint, from its path to its tensors, in seconds. Started by load_benchmark.py.
//
//   load_times FILE read|copy|map
//
// read: reads the whole file with read(2) into newly allocated memory in one thread, as the baseline.
// copy, map: creates real tensors on the CPU that are read from the file, or that map it.
// For each line of standard input, loads the file once and prints one number. The time to free memory is not included.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/materialize.h"

namespace {

void Fail(std::string_view why) {
  std::cerr << "load_times: " << why << '\n';
  std::exit(2);
}

struct Free {
  void operator()(char* bytes) const { std::free(bytes); }
};

std::unique_ptr<char, Free> ReadBytes(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (descriptor < 0 || fstat(descriptor, &info) != 0) Fail(path + " cannot be opened");
  const auto size = static_cast<std::size_t>(info.st_size);
  std::unique_ptr<char, Free> bytes(static_cast<char*>(std::malloc(size)));
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = read(descriptor, bytes.get() + done, size - done);
    if (got <= 0) Fail(path + " cannot be read");
    done += static_cast<std::size_t>(got);
  }
  close(descriptor);
  return bytes;
}

std::vector<at::Tensor> Load(const std::string& path, bool map) {
  const absl::StatusOr<metaconv::CheckpointFile> file = metaconv::CheckpointFile::Open(path, {.sparse_parts = true});
  if (!file.ok()) Fail(std::string(file.status().message()));
  std::vector<metaconv::MetaTensorDescPtr> records;
  for (const metaconv::NamedTensor& tensor : file->checkpoint().tensors) records.push_back(tensor.desc);
  absl::StatusOr<std::vector<at::Tensor>> tensors =
      metaconv::Materialize(records, at::kCPU, *metaconv::CheckpointData(*file, {.map = map}));
  if (!tensors.ok()) Fail(std::string(tensors.status().message()));
  return *std::move(tensors);
}

template <typename Function>
double SecondsOf(Function load) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto result = load();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double Seconds(const std::string& path, std::string_view how) {
  if (how == "read") return SecondsOf([&] { return ReadBytes(path); });
  return SecondsOf([&] { return Load(path, how == "map"); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc == 3 ? argv[2] : "";
  if (how != "read" && how != "copy" && how != "map") Fail("usage: load_times FILE read|copy|map");
  for (std::string line; std::getline(std::cin, line);) std::cout << Seconds(argv[1], how) << std::endl;
}
