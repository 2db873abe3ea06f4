// A Checkpoint as the JSON document that the Python reference writes for the same file; see tests/reference.

#ifndef METACONV_TESTS_CHECKPOINT_DOCUMENT_H_
#define METACONV_TESTS_CHECKPOINT_DOCUMENT_H_

#include <string>
#include <vector>

#include "checkpoint/checkpoint_types.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// Storages and tensors in the order of their ids, then names and opaque objects.
nlohmann::ordered_json Document(const Checkpoint& checkpoint);

std::vector<std::string> Names(const Checkpoint& checkpoint);

// The opaque objects, each as "name: type".
std::vector<std::string> OpaqueNames(const Checkpoint& checkpoint);

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_DOCUMENT_H_
