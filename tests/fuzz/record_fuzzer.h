// The fuzz target: bytes -> JSON -> records -> tensors.
//
// Whatever the bytes are, this comes to an end, and every error on the way is a status. What breaks that ends the
// process, which is how a fuzzer sees it.
//
// Thread safety: as the converter; one input at a time.
// Lifetime: keeps nothing but counts.

#ifndef METACONV_TESTS_FUZZ_RECORD_FUZZER_H_
#define METACONV_TESTS_FUZZ_RECORD_FUZZER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"

// As libFuzzer declares it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metaconv {

// How often the conversion of a record ended so.
const std::map<absl::StatusCode, std::int64_t>& FuzzOutcomes();

}  // namespace metaconv

#endif  // METACONV_TESTS_FUZZ_RECORD_FUZZER_H_
