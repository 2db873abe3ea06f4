// ReferenceCases: the tensors of tests/reference/inmemory_reference.py, built in C++.
//
// Example:
//   for (const auto& [name, build] : ReferenceCases()) {
//     for (const Source& source : build()) Describe(source.tensor);
//   }
//
// Thread safety: constant data. Each call of a function creates new tensors.
// Lifetime: sources own their tensors.

#ifndef METACONV_TESTS_TESTING_REFERENCE_CASES_H_
#define METACONV_TESTS_TESTING_REFERENCE_CASES_H_

#include <map>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"

namespace metaconv {

struct Source {
  std::string name;
  at::Tensor tensor;
  bool is_parameter = false;
};

using Sources = std::vector<Source>;

// Case name -> function that builds its tensors, in the order in which they are described and converted.
const std::map<std::string, Sources (*)()>& ReferenceCases();

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_REFERENCE_CASES_H_
