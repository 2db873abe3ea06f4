// Graph: tensors that are described and converted together.
//
// Thread safety: as at::Tensor.
// Lifetime: owns its tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_GRAPH_H_
#define METACONV_BENCHMARKS_GRAPHS_GRAPH_H_

#include <string>
#include <vector>

#include "ATen/core/Tensor.h"

namespace metaconv {

struct Graph {
  std::vector<at::Tensor> tensors = {};
  // The path of the file that the tensors come from; otherwise empty.
  std::string path = {};
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_GRAPH_H_
