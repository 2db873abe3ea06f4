// DemoGraph: a small transformer block for the `demo` command.
//
// It contains tied embedding and output weights; query, key and value as views of one packed weight; gradients; and a
// conjugate view.
//
// Example:
//   for (const DemoTensor& t : DemoGraph()) converter.Convert(t.tensor, {.facts = {.is_parameter = t.is_parameter}});
//
// Thread safety: pure function.
// Lifetime: results own their tensors.

#ifndef METACONV_TOOLS_CLI_DEMO_GRAPH_H_
#define METACONV_TOOLS_CLI_DEMO_GRAPH_H_

#include <string>
#include <vector>

#include "ATen/core/Tensor.h"

namespace metaconv::cli {

struct DemoTensor {
  std::string name;
  at::Tensor tensor;
  bool is_parameter = false;
};

std::vector<DemoTensor> DemoGraph();

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_DEMO_GRAPH_H_
