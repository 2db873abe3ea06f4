// The machine, the GPU and the libraries that were measured.
//
// Thread safety: for one thread.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_BENCHMARKS_TRANSFERS_MACHINE_H_
#define METACONV_BENCHMARKS_TRANSFERS_MACHINE_H_

#include "nlohmann/json.hpp"

namespace metaconv {

// Fields as in docs/performance.json, and those of the GPU.
nlohmann::ordered_json DescribeMachine(int device);
nlohmann::ordered_json DescribeBuild();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_MACHINE_H_
