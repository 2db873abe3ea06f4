// A Checkpoint as the document that the Python reference makes of the same file: see tests/reference.

#ifndef METACONV_TESTS_CHECKPOINT_DOCUMENT_H_
#define METACONV_TESTS_CHECKPOINT_DOCUMENT_H_

#include <string>
#include <vector>

#include "checkpoint/checkpoint_types.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// Storages and tensors in the order of their ids, names, opaque objects.
nlohmann::ordered_json Document(const Checkpoint& checkpoint);

std::vector<std::string> Names(const Checkpoint& checkpoint);

// "name: type" of each.
std::vector<std::string> OpaqueNames(const Checkpoint& checkpoint);

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_DOCUMENT_H_
