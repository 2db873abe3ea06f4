#include "benchmarks/works/work.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace metaconv {

double Nanoseconds(Run run) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  run();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

Work ForWholeModel(const Work& single, std::function<Prepare(const Graph& graph)> setup) {
  Work whole = single;
  whole.name.insert(whole.name.find('/'), "_all");
  whole.setup = std::move(setup);
  whole.group = single.name;
  return whole;
}

void DieOf(const absl::Status& status) {
  std::cerr << "ERROR: " << status << std::endl;
  std::exit(1);
}

}  // namespace metaconv
