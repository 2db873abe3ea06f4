// JsonMutator: mutates a document of records, so that it stays a document of records with other values.
//
// Example:
//   JsonMutator mutator(seed);
//   mutator.Mutate(document, other_document);
//
// The same seed gives the same changes on every machine.
//
// Thread safety: none.
// Lifetime: keeps only the state of the random number generator.

#ifndef METACONV_TESTS_FUZZ_JSON_MUTATOR_H_
#define METACONV_TESTS_FUZZ_JSON_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <random>

#include "nlohmann/json.hpp"

namespace metaconv {

class JsonMutator {
 public:
  using Json = nlohmann::ordered_json;

  explicit JsonMutator(std::uint64_t seed) : random_(seed) {}

  // A number less than `bound`, which must not be 0.
  std::size_t Below(std::size_t bound) { return random_() % bound; }

  // Applies one or a few mutations. Fields may be copied from the records of `other`.
  void Mutate(Json& document, const Json& other);

 private:
  Json* AnyRecord(Json& document);
  Json* AnyField(Json& record);
  void MutateOnce(Json& document, const Json& other);
  void MutateValue(Json& value, const Json& document);
  void MutateText(Json& value);
  Json AnyNumber(const Json& document);

  std::mt19937_64 random_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_FUZZ_JSON_MUTATOR_H_
