// Runs the fuzz target for files of records over one file for each kind of tensor, then over mutations of these files.
//
//   binary_mutations [--seconds=N] [--count=N] [--seed=N] [--input=FILE] [FILE]...
//
// Ends after N seconds or N inputs, whichever comes first. Each input is written to --input before it is run. If one
// crashes, it is there, and can be run again: binary_mutations --count=0 FILE.
//
// This program drives the target if the compiler has no libFuzzer. With libFuzzer, `binary_fuzzer` can be linked without
// changes.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "tests/fuzz/binary_fuzzer.h"

namespace metaconv {
namespace {

using Clock = std::chrono::steady_clock;

// The time limit for one input. Inputs are small, so it is sufficient on slow machines too.
constexpr unsigned kSecondsPerInput = 60;

struct Flags {
  std::int64_t seconds = 600;
  std::int64_t count = std::int64_t{1} << 40;
  std::int64_t seed = 1;
  std::string input = "binary_mutations_input.mcr";
  std::vector<std::string> files;
};

[[noreturn]] void Fail(const std::string& message) {
  std::cerr << "binary_mutations: " << message << std::endl;
  std::exit(2);
}

bool ReadNumber(std::string_view argument, std::string_view flag, std::int64_t& value) {
  if (!argument.starts_with(flag)) return false;
  const std::string text(argument.substr(flag.size()));
  if (!absl::SimpleAtoi(text, &value)) Fail("expected a number after " + std::string(flag) + ", found " + text);
  return true;
}

Flags ReadFlags(int argc, char** argv) {
  Flags flags;
  constexpr std::string_view kInput = "--input=";
  // The directory in which Bazel keeps the output of tests.
  if (const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR")) {
    flags.input = std::string(folder) + "/" + flags.input;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (ReadNumber(argument, "--seconds=", flags.seconds) || ReadNumber(argument, "--count=", flags.count) ||
        ReadNumber(argument, "--seed=", flags.seed)) {
      continue;
    }
    if (argument.starts_with(kInput)) {
      flags.input = argument.substr(kInput.size());
    } else {
      flags.files.emplace_back(argument);
    }
  }
  return flags;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) Fail("cannot read " + path);
  return content;
}

class Mutator {
 public:
  explicit Mutator(std::int64_t seed) : random_(static_cast<std::uint64_t>(seed)) {}

  std::size_t Below(std::size_t bound) { return random_() % bound; }

  // Changes a few bytes; sometimes moves, inserts or removes some.
  void Mutate(std::string& bytes, const std::string& other) {
    for (std::size_t i = Below(4) + 1; i > 0 && !bytes.empty(); --i) {
      const std::size_t at = Below(bytes.size());
      const std::size_t length = std::min(Below(16) + 1, bytes.size() - at);
      switch (Below(8)) {
        case 0:
          bytes.erase(at, length);
          break;
        case 1:
          bytes.insert(at, length, static_cast<char>(random_()));
          break;
        case 2:
          if (!other.empty()) bytes.replace(at, length, other, Below(other.size()), length);
          break;
        case 3:
          bytes.replace(at, length, bytes.substr(Below(bytes.size()), length));
          break;
        case 4:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
          break;
        default:
          constexpr unsigned char kInteresting[] = {0, 1, 2, 3, 4, 5, 6, 8, 0x10, 0x7F, 0x80, 0xFE, 0xFF};
          bytes[at] = static_cast<char>(kInteresting[Below(std::size(kInteresting))]);
      }
    }
  }

 private:
  std::mt19937_64 random_;
};

void Run(const std::string& input, const Flags& flags) {
  std::ofstream(flags.input, std::ios::trunc | std::ios::binary) << input;
  alarm(kSecondsPerInput);  // The signal terminates the process.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  alarm(0);
}

int Main(int argc, char** argv) {
  const Flags flags = ReadFlags(argc, argv);
  std::cout << "seed " << flags.seed << ", inputs go to " << flags.input << std::endl;
  std::vector<std::string> corpus;
  for (const std::string& path : flags.files) corpus.push_back(ContentOf(path));
  if (corpus.empty()) corpus = BinaryFuzzSeeds();
  for (const std::string& bytes : corpus) Run(bytes, flags);

  Mutator mutator(flags.seed);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(flags.seconds);
  std::int64_t inputs = 0;
  for (; inputs < flags.count && Clock::now() < end; ++inputs) {
    std::string bytes = corpus[mutator.Below(corpus.size())];
    mutator.Mutate(bytes, corpus[mutator.Below(corpus.size())]);
    Run(bytes, flags);
  }
  std::cout << corpus.size() << " files, " << inputs << " inputs; files and records that ended in";
  for (const auto& [code, count] : BinaryFuzzOutcomes()) {
    std::cout << " " << absl::StatusCodeToString(code) << ": " << count;
  }
  std::cout << std::endl;
  unlink(flags.input.c_str());
  return 0;
}

}  // namespace
}  // namespace metaconv

int main(int argc, char** argv) { return metaconv::Main(argc, argv); }
