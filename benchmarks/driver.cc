// Runs benchmarks on request, one request per line, so that the report can interleave it with the Python reference: see
// reporting/report.py.
//
//   driver --about               prints the versions of LibTorch and the compiler, as JSON
//   driver --list                prints the works, one JSON object per line
//   driver [--cpu-time]          answers each line of standard input with one line:
//     graph SEED SIZE NAME       selects the graph for the following requests; the answer is empty
//     fingerprint                fingerprint and number of tensors of the graph
//     memory                     bytes per tensor: sources, results, converter with results alive (single calls, one
//                                call), converter at the end
//     forget                     discards what works have set up; the answer is empty
//     bytes WORK                 bytes per tensor that the work reads or writes, if --list says that it has bytes
//     WORK                       nanoseconds per conversion
//
// A graph is created, and a work is set up, when it is first needed. Times are measured as in works/timing.h; for
// --cpu-time, see Clock in works/work.h.

#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "benchmarks/graphs/fingerprint.h"
#include "benchmarks/graphs/graphs.h"
#include "benchmarks/memory.h"
#include "benchmarks/works/all_works.h"
#include "benchmarks/works/timing.h"
#include "benchmarks/works/work.h"
#include "nlohmann/json.hpp"
#include "torch/headeronly/version.h"

namespace metaconv {
namespace {

int About() {
  std::cout << nlohmann::ordered_json{{"libtorch", TORCH_VERSION}, {"compiler", __VERSION__}} << '\n';
  return 0;
}

int List() {
  for (const Work& work : AllWorks()) {
    std::cout << nlohmann::ordered_json{{"name", work.name},
                                        {"group", work.group.empty() ? work.name : work.group},
                                        {"graphs", work.graphs},
                                        {"floors", work.floors},
                                        {"has_bytes", static_cast<bool>(work.bytes)}}
              << '\n';
  }
  return 0;
}

class Driver {
 public:
  explicit Driver(Clock clock) : clock_(clock) {
    for (Work& work : AllWorks()) works_.emplace(work.name, std::move(work));
  }

  // Returns false if the request is unknown.
  bool Answer(const std::string& request) {
    if (request == "forget") {
      prepared_.clear();
      std::cout << std::endl;
    } else if (request.starts_with("graph ")) {
      if (!SetGraph(request)) return false;
      std::cout << std::endl;
    } else if (request == "fingerprint") {
      std::cout << Fingerprint(graph().tensors) << ' ' << graph().tensors.size() << std::endl;
    } else if (request == "memory") {
      const MemoryPerTensor memory = MeasureMemory(spec_);
      std::cout << memory.sources << ' ' << memory.results << ' ' << memory.alive << ' ' << memory.alive_all << ' '
                << memory.dropped << std::endl;
    } else if (request.starts_with("bytes ")) {
      const auto found = works_.find(request.substr(request.find(' ') + 1));
      if (found == works_.end() || !found->second.bytes) return false;
      std::cout << static_cast<double>(found->second.bytes(graph())) / static_cast<double>(graph().tensors.size())
                << std::endl;
    } else if (const auto found = works_.find(request); found != works_.end()) {
      std::cout << Time(found->second) << std::endl;
    } else {
      return false;
    }
    return true;
  }

 private:
  bool SetGraph(const std::string& request) {
    const std::vector<std::string> words = absl::StrSplit(request, absl::MaxSplits(' ', 3));
    prepared_.clear();
    graph_.reset();
    if (words.size() != 4 || !absl::SimpleAtoi(words[1], &spec_.seed) || !absl::SimpleAtoi(words[2], &spec_.size)) {
      return false;
    }
    spec_.name = words[3];
    return true;
  }

  const Graph& graph() {
    if (!graph_.has_value()) graph_ = OrDie(MakeGraph(spec_));
    return *graph_;
  }

  double Time(const Work& work) {
    Prepare& prepare = prepared_[work.name];
    if (!prepare) prepare = work.setup(graph());
    return NanosecondsPerConversion(work, prepare, graph().tensors.size(), clock_);
  }

  Clock clock_;
  GraphSpec spec_;
  std::map<std::string, Work> works_;
  std::optional<Graph> graph_;
  std::map<std::string, Prepare> prepared_;
};

int Usage() {
  std::cerr << "usage: driver [--about | --list | --cpu-time]\n";
  return 2;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--about") return About();
  if (arguments.size() == 1 && arguments[0] == "--list") return List();
  const bool cpu_time = arguments == std::vector<std::string>{"--cpu-time"};
  if (!arguments.empty() && !cpu_time) return Usage();
  Driver driver(cpu_time ? Clock::kProcessor : Clock::kWall);
  for (std::string line; std::getline(std::cin, line);) {
    if (!driver.Answer(line)) {
      std::cerr << "driver: unknown request: " << line << '\n';
      return 2;
    }
  }
  return 0;
}

}  // namespace
}  // namespace metaconv

int main(int argc, char** argv) { return metaconv::Main({argv + 1, argv + argc}); }
