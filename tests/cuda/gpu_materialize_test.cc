// Tests Materialize on real CUDA devices. See require_gpu.h for machines without one.

#include <string>
#include <vector>

#include "cuda/runtime/cuda_runtime.h"
#include "tests/cuda/materialize_cases.h"

namespace metaconv {
namespace {

class GpuUnderTest final : public MaterializeUnderTest {
 public:
  absl::Status WhyNot() override {
    const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
    if (!count.ok()) return count.status();
    return *count > 0 ? absl::OkStatus() : absl::NotFoundError("there is no GPU");
  }
  int DeviceCount() override { return TheCudaRuntime().DeviceCount().value(); }
  std::vector<std::string> Problems() override {
    if (!WhyNot().ok()) return {};
    const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().CurrentStream(c10::Device(c10::DeviceType::CUDA, 0));
    const absl::Status status = stream.ok() ? TheCudaRuntime().Synchronize(*stream) : stream.status();
    return status.ok() ? std::vector<std::string>() : std::vector<std::string>{status.ToString()};
  }
};

}  // namespace

MaterializeUnderTest& TheMaterializeUnderTest() {
  static GpuUnderTest under_test;
  return under_test;
}

}  // namespace metaconv
