// Creates real tensors from a checkpoint file, and from records alone. See "Real tensors" in README.md.

#include "converter/materialize.h"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"

namespace {

absl::StatusOr<std::vector<at::Tensor>> Load(const std::string& path) {
  absl::StatusOr<metaconv::CheckpointFile> file = metaconv::CheckpointFile::Open(path, {.sparse_parts = true});
  if (!file.ok()) return file.status();
  std::vector<metaconv::MetaTensorDescPtr> records;
  for (const metaconv::NamedTensor& tensor : file->checkpoint().tensors) records.push_back(tensor.desc);

  // The same tensors filled with zeros, for a program that computes the weights itself.
  absl::StatusOr<std::vector<at::Tensor>> zeros = metaconv::Materialize(records, at::kCPU, *metaconv::Zeros());
  if (!zeros.ok()) return zeros.status();

  return metaconv::Materialize(records, at::kCPU, *metaconv::CheckpointData(*file));
}

// Loads the tensors of a model onto the device that `device_of` returns for each name, and reports the progress.
absl::StatusOr<std::vector<at::Tensor>> LoadOntoDevices(
    const std::string& path, const std::function<c10::Device(const std::string& name)>& device_of) {
  absl::StatusOr<metaconv::CheckpointFile> file = metaconv::CheckpointFile::Open(path);
  if (!file.ok()) return file.status();
  std::vector<metaconv::PlacedRecord> placed;
  for (const metaconv::NamedTensor& tensor : file->checkpoint().tensors) {
    placed.push_back({tensor.desc, device_of(tensor.name)});
  }
  const auto show = [](std::int64_t done, std::int64_t total) { std::cerr << done << " of " << total << " bytes\n"; };
  return metaconv::Materialize(placed, *metaconv::CheckpointData(*file), {.progress = show});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const auto device_of = [](const std::string&) { return c10::Device(c10::kCPU); };
  if (const auto placed = LoadOntoDevices(argv[1], device_of); !placed.ok()) {
    std::cerr << placed.status() << '\n';
    return EXIT_FAILURE;
  }
  const absl::StatusOr<std::vector<at::Tensor>> tensors = Load(argv[1]);
  if (!tensors.ok()) {
    std::cerr << tensors.status() << '\n';
    return EXIT_FAILURE;
  }
  for (const at::Tensor& tensor : *tensors) std::cout << tensor.toString() << tensor.sizes() << '\n';
}
