// The fuzz target: bytes -> JSON -> records -> tensors.
//
// For any input, the target terminates and every error is a status. A violation ends the process, which the fuzzer
// detects.
//
// Thread safety: the same as the converter, for one input at a time.
// Lifetime: keeps only counts.

#ifndef METACONV_TESTS_FUZZ_RECORD_FUZZER_H_
#define METACONV_TESTS_FUZZ_RECORD_FUZZER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"

// The declaration of libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metaconv {

// The number of conversions with each outcome.
const std::map<absl::StatusCode, std::int64_t>& FuzzOutcomes();

}  // namespace metaconv

#endif  // METACONV_TESTS_FUZZ_RECORD_FUZZER_H_
