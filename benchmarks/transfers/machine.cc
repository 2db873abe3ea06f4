#include "benchmarks/transfers/machine.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/str_cat.h"
#include "converter/proc_fields.h"
#include "cuda_runtime_api.h"
#include "torch/headeronly/version.h"

namespace metaconv {
namespace {

constexpr double kGiB = static_cast<double>(1 << 30);

std::string Today() {
  const std::time_t now = std::time(nullptr);
  char text[11] = {};
  std::strftime(text, sizeof(text), "%Y-%m-%d", std::gmtime(&now));
  return text;
}

// The value of the first line that begins with `key`, without separators and quotation marks.
std::string FieldOf(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t start = line.find_first_not_of("\t :=\"", key.size());
    const std::size_t end = line.find_last_not_of("\" ");
    return start == std::string::npos ? "" : line.substr(start, end + 1 - start);
  }
  return "unknown";
}

std::string VersionText(int version) { return absl::StrCat(version / 1000, ".", version % 1000 / 10); }

}  // namespace

nlohmann::ordered_json DescribeMachine(int device) {
  cudaDeviceProp properties = {};
  int driver = 0;
  const bool is_known = cudaGetDeviceProperties(&properties, device) == cudaSuccess;
  static_cast<void>(cudaDriverGetVersion(&driver));
  utsname system = {};
  static_cast<void>(uname(&system));
  double load = 0;
  static_cast<void>(getloadavg(&load, 1));
  return {{"date", Today()},
          {"processor", FieldOf("/proc/cpuinfo", "model name")},
          {"cores", std::thread::hardware_concurrency()},
          {"memory_gib", static_cast<double>(ProcFieldBytes("/proc/meminfo", {"MemTotal"}).value_or(0)) / kGiB},
          {"system", FieldOf("/etc/os-release", "PRETTY_NAME")},
          {"kernel", system.release},
          {"load", load},
          {"gpu", is_known ? properties.name : "unknown"},
          {"gpu_memory_gib", static_cast<double>(properties.totalGlobalMem) / kGiB},
          {"compute_capability", absl::StrCat(properties.major, ".", properties.minor)},
          {"driver_cuda", VersionText(driver)}};
}

nlohmann::ordered_json DescribeBuild() {
  return {{"libtorch", TORCH_VERSION}, {"compiler", __VERSION__}, {"cuda", VersionText(CUDART_VERSION)}};
}

}  // namespace metaconv
