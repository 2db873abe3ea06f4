#include "tests/cuda/fake_cudart/records.h"

#include "tests/cuda/fake_cudart/state.h"

namespace metaconv::fake_cudart {

cudaError_t RecordCall(StateLock& state, const std::string& name) {
  Records& records = state->records;
  ++records.calls[name];
  const auto [begin, end] = records.calls_to_fail.equal_range(name);
  cudaError_t error = cudaSuccess;
  for (auto i = begin; i != end;) {
    if (i->second.after-- > 0) {
      ++i;
      continue;
    }
    error = i->second.error;
    i = records.calls_to_fail.erase(i);
  }
  return error;
}

cudaError_t ErrorOfWork(StateLock& state, const std::string& name) {
  std::vector<Records::WorkToFail>& all = state->records.work_to_fail;
  for (auto i = all.begin(); i != all.end(); ++i) {
    if (name.find(i->part_of_name) == std::string::npos) continue;
    const cudaError_t error = i->error;
    all.erase(i);
    return error;
  }
  return cudaSuccess;
}

}  // namespace metaconv::fake_cudart
