// The fuzz target for files of records: bytes -> records -> bytes, and records -> tensors.
//
// For any input, the target terminates and every error is a status. A violation ends the process, which the fuzzer
// detects. The checksum of an input is set to the right one first, because hardly any mutation would pass otherwise.
//
// Thread safety: the same as the converter, for one input at a time.
// Lifetime: keeps only counts.

#ifndef METACONV_TESTS_FUZZ_BINARY_FUZZER_H_
#define METACONV_TESTS_FUZZ_BINARY_FUZZER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"

// The declaration of libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metaconv {

// The number of inputs and of conversions with each outcome.
const std::map<absl::StatusCode, std::int64_t>& BinaryFuzzOutcomes();

// Files to start from: one for each kind of tensor, made by describing a tensor of the kind, one with a view function
// that is called, and one with every field.
std::vector<std::string> BinaryFuzzSeeds();

}  // namespace metaconv

#endif  // METACONV_TESTS_FUZZ_BINARY_FUZZER_H_
