// Runs the fuzz target over a corpus of records, then over mutations of these records.
//
//   record_mutations [--seconds=N] [--count=N] [--seed=N] [--input=FILE] CORPUS_FILE...
//
// Ends after N seconds or N inputs, whichever comes first. Each input is written to FILE before it is run. If an input
// crashes, it is in FILE, and can be run again as the corpus:
//
//   record_mutations --count=0 FILE
//
// This program drives the target if the compiler has no libFuzzer. With libFuzzer, `record_fuzzer` can be linked
// without changes.

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "nlohmann/json.hpp"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/record_fuzzer.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// The time limit for one input. Inputs are small, so it is sufficient on slow machines too.
constexpr unsigned kSecondsPerInput = 60;
constexpr std::int64_t kMostMemoryMb = 4096;

struct Flags {
  std::int64_t seconds = 600;
  std::int64_t count = std::int64_t{1} << 40;
  std::int64_t seed = 1;
  std::string input = "record_mutations_input.json";
  std::vector<std::string> corpus;
};

[[noreturn]] void Fail(const std::string& message) {
  std::cerr << "record_mutations: " << message << std::endl;
  std::exit(2);
}

bool ReadNumber(std::string_view argument, std::string_view flag, std::int64_t& value) {
  if (argument.substr(0, flag.size()) != flag) return false;
  const std::string text(argument.substr(flag.size()));
  if (!absl::SimpleAtoi(text, &value)) Fail("expected a number after " + std::string(flag) + ", found " + text);
  return true;
}

Flags ReadFlags(int argc, char** argv) {
  Flags flags;
  constexpr std::string_view kInput = "--input=";
  // The directory in which Bazel keeps the output of tests.
  if (const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR"))
    flags.input = std::string(folder) + "/" + flags.input;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (ReadNumber(argument, "--seconds=", flags.seconds) || ReadNumber(argument, "--count=", flags.count) ||
        ReadNumber(argument, "--seed=", flags.seed)) {
      continue;
    }
    if (argument.substr(0, kInput.size()) == kInput) {
      flags.input = argument.substr(kInput.size());
    } else {
      flags.corpus.emplace_back(argument);
    }
  }
  if (flags.corpus.empty()) Fail("expected files of records, found none");
  return flags;
}

void Run(const std::string& input, const Flags& flags) {
  std::ofstream(flags.input, std::ios::trunc) << input;
  alarm(kSecondsPerInput);  // The signal terminates the process.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  alarm(0);
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  if (usage.ru_maxrss / 1024 > kMostMemoryMb) Fail("too much memory for the input in " + flags.input);
}

int Main(int argc, char** argv) {
  const Flags flags = ReadFlags(argc, argv);
  std::cout << "seed " << flags.seed << ", inputs go to " << flags.input << std::endl;
  std::vector<Json> corpus;
  for (const std::string& path : flags.corpus) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) Fail("cannot read " + path);
    Run(text, flags);
    Json document = Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
    if (document.is_object()) corpus.push_back(std::move(document));
  }
  std::cout << flags.corpus.size() << " files" << std::endl;

  JsonMutator mutator(static_cast<std::uint64_t>(flags.seed));
  const Clock::time_point end = Clock::now() + std::chrono::seconds(flags.seconds);
  std::int64_t inputs = 0;
  for (; inputs < flags.count && !corpus.empty() && Clock::now() < end; ++inputs) {
    Json document = corpus[mutator.Below(corpus.size())];
    mutator.Mutate(document, corpus[mutator.Below(corpus.size())]);
    Run(document.dump(), flags);
  }
  std::cout << inputs << " inputs; records that ended in";
  for (const auto& [code, count] : FuzzOutcomes()) std::cout << " " << absl::StatusCodeToString(code) << ": " << count;
  std::cout << std::endl;
  unlink(flags.input.c_str());
  return 0;
}

}  // namespace
}  // namespace metaconv

int main(int argc, char** argv) { return metaconv::Main(argc, argv); }
