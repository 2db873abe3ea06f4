// Records: what was called and done, and which calls and work are to fail.
//
// Thread safety: guarded by the StateLock.
// Lifetime: that of the state.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_RECORDS_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_RECORDS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "driver_types.h"

namespace metaconv::fake_cudart {

class StateLock;

struct Records {
  struct CallToFail {
    int after = 0;
    cudaError_t error = cudaSuccess;
  };
  struct WorkToFail {
    std::string part_of_name;
    cudaError_t error = cudaSuccess;
  };

  std::map<std::string, int> calls;
  std::multimap<std::string, CallToFail> calls_to_fail;
  std::vector<WorkToFail> work_to_fail;
  std::vector<unsigned int> event_flags;
  int started_work = 0;
  int finished_work = 0;
  int captured_work = 0;
};

// Counts the call. Returns the error that it was told to return, or cudaSuccess.
cudaError_t RecordCall(StateLock& state, const std::string& name);

// The error that this work was told to fail with, or cudaSuccess.
cudaError_t ErrorOfWork(StateLock& state, const std::string& name);

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_RECORDS_H_
