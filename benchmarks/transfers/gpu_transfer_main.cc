// Measures transfers to, from and within a GPU, each next to what CUDA alone achieves in the same run.
//
//   gpu_transfer_benchmark [--output=FILE] [--shm=FOLDER] [--disk=FOLDER] [--max_bytes=N] [--budget=SECONDS] ...
//
// Writes JSON: "machine", "built_with", "options", "goals", "figures" and "skipped". What the figures are is described in
// raw_cuda.h, operations.h and loads.h.
//
// Exit status:
//   0   everything was measured that time and room allowed, with correct results; whether goals are met has no effect
//   1   an error, wrong results, or a wrong flag
//   77  there is no GPU

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/transfers/figures.h"
#include "benchmarks/transfers/loads.h"
#include "benchmarks/transfers/machine.h"
#include "benchmarks/transfers/operations.h"
#include "benchmarks/transfers/raw_cuda.h"
#include "benchmarks/transfers/setting.h"
#include "c10/core/Device.h"
#include "cuda/cuda_options.h"
#include "cuda/cuda_storage_path.h"
#include "cuda/files/the_gpu_direct_reader.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda_runtime_api.h"
#include "nlohmann/json.hpp"

ABSL_FLAG(std::string, output, "", "The file to write; empty: standard output.");
ABSL_FLAG(std::string, shm, "/dev/shm", "A folder in memory. Empty: no loads from it are measured.");
ABSL_FLAG(std::string, disk, "/var/tmp", "A folder on a disk. Empty: no loads from it are measured.");
ABSL_FLAG(std::int64_t, max_bytes, std::int64_t{8} << 30,
          "The most bytes of a load or an operation. A third of the device's free memory, if that is less.");
ABSL_FLAG(double, budget, 240, "The number of seconds after which loads are made smaller or left out.");
ABSL_FLAG(int, rounds, 7, "The most runs of each figure.");
ABSL_FLAG(double, seconds, 2, "The time after which no further run of a figure starts.");
ABSL_FLAG(int, device, 0, "The number of the GPU.");
ABSL_FLAG(int, threads, metaconv::CudaStoragePathOptions().threads, "CudaStoragePathOptions::threads");
ABSL_FLAG(int, buffers, metaconv::CudaStoragePathOptions().buffers, "CudaStoragePathOptions::buffers");
ABSL_FLAG(std::int64_t, buffer_size, metaconv::CudaStoragePathOptions().buffer_size,
          "CudaStoragePathOptions::buffer_size");

namespace metaconv {
namespace {

constexpr int kNoGpu = 77;

const std::vector<Goal>& Goals() {
  static const std::vector<Goal>& goals = *new std::vector<Goal>{
      {.figure = "load/shm/large", .least_ratio = 0.9},     {.figure = "load/shm/model", .least_ratio = 0.9},
      {.figure = "copy/large", .least_ratio = 0.9},         {.figure = "queue/zero/storage", .most_seconds = 1e-3},
      {.figure = "queue/zero/model", .most_seconds = 1e-3}, {.figure = "queue/copy/storage", .most_seconds = 1e-3},
      {.figure = "queue/copy/model", .most_seconds = 1e-3}};
  return goals;
}

// Why the device cannot be measured.
absl::Status WhyNot(int device) {
  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (!count.ok()) return count.status();
  if (*count == 0) return absl::NotFoundError("CUDA finds no device");
  return device < *count ? absl::OkStatus() : absl::NotFoundError("CUDA finds fewer devices");
}

absl::Status MeasureAll(TransferSetting& setting) {
  if (absl::Status status = MeasureRawTransfers(setting); !status.ok()) return status;
  if (absl::Status status = MeasureQueue(setting); !status.ok()) return status;
  if (absl::Status status = MeasureOperations(setting); !status.ok()) return status;
  const LoadPlace places[] = {{.name = "shm", .folder = absl::GetFlag(FLAGS_shm), .is_memory = true},
                              {.name = "disk", .folder = absl::GetFlag(FLAGS_disk)}};
  for (const LoadPlace& place : places) {
    if (place.folder.empty()) continue;
    if (absl::Status status = MeasureLoads(setting, place); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool Write(const nlohmann::ordered_json& json, const std::string& output) {
  if (output.empty()) {
    std::cout << json.dump(1) << '\n';
    return true;
  }
  std::ofstream file(output);
  file << json.dump(1) << '\n';
  return file.flush().good();
}

int Fail(const absl::Status& status) {
  std::cerr << "gpu_transfer_benchmark: " << status << std::endl;
  return 1;
}

int Main() {
  const int index = absl::GetFlag(FLAGS_device);
  if (const absl::Status status = WhyNot(index); !status.ok()) {
    std::cerr << "gpu_transfer_benchmark: there is no GPU: " << status << std::endl;
    return kNoGpu;
  }
  const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
  if (absl::Status status = StatusOf(cudaSetDevice(index), "cudaSetDevice"); !status.ok()) return Fail(status);
  const absl::StatusOr<CudaMemoryInfo> memory = TheCudaRuntime().MemoryInfo(device);
  if (!memory.ok()) return Fail(memory.status());
  const std::int64_t max_bytes = std::min(absl::GetFlag(FLAGS_max_bytes), memory->free_bytes / 3);
  if (max_bytes < 4096) return Fail(absl::InvalidArgumentError("expected at least 4096 as --max_bytes"));

  const CudaStoragePathOptions options = {.buffers = absl::GetFlag(FLAGS_buffers),
                                          .buffer_size = absl::GetFlag(FLAGS_buffer_size),
                                          .threads = absl::GetFlag(FLAGS_threads)};
  CudaStoragePath path(TheCudaRuntime(), options, &TheGpuDirectReader());
  FigureTable figures;
  TransferSetting setting = {
      .path = path,
      .device = device,
      .limits = {.rounds = absl::GetFlag(FLAGS_rounds), .seconds = absl::GetFlag(FLAGS_seconds)},
      .max_bytes = max_bytes,
      .deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                         std::chrono::duration<double>(absl::GetFlag(FLAGS_budget))),
      .figures = figures};
  const absl::Status status = MeasureAll(setting);

  nlohmann::ordered_json json = {{"machine", DescribeMachine(index)},
                                 {"built_with", DescribeBuild()},
                                 {"options",
                                  {{"max_bytes", max_bytes},
                                   {"buffers", options.buffers},
                                   {"buffer_size", options.buffer_size},
                                   {"small_size", options.small_size},
                                   {"threads", options.threads},
                                   {"gpudirect", TheGpuDirectReader().Start(device).ToString()}}}};
  json.update(figures.Json(Goals()));
  if (!status.ok()) json["error"] = status.ToString();
  if (!Write(json, absl::GetFlag(FLAGS_output))) {
    return Fail(absl::UnavailableError(absl::GetFlag(FLAGS_output) + ": cannot be written"));
  }
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace metaconv

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("measures transfers to, from and within a GPU");
  absl::ParseCommandLine(argc, argv);
  return metaconv::Main();
}
