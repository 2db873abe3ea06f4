// Graphs of the tensors of checkpoint files.
//
// Thread safety: CheckpointTensors may be called from any number of threads, SafetensorsFile from one.
// Lifetime: results own their tensors; the file of SafetensorsFile exists until the process ends.

#ifndef METACONV_BENCHMARKS_GRAPHS_CHECKPOINT_TENSORS_H_
#define METACONV_BENCHMARKS_GRAPHS_CHECKPOINT_TENSORS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/graphs/graph.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// The tensors of the file at `path`, in the order in which Python loads them, as uninitialized CPU tensors. Errors:
// those of ReadCheckpoint and of Materialize.
absl::StatusOr<Graph> CheckpointTensors(const std::string& path);

// The tensors of a new safetensors file with `count` small tensors, in the directory for temporary files.
absl::StatusOr<Graph> SafetensorsFile(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_CHECKPOINT_TENSORS_H_
