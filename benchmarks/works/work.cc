#include "benchmarks/works/work.h"

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace metaconv {

double Nanoseconds(Run run) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  run();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

void DieOf(const absl::Status& status) {
  std::cerr << "ERROR: " << status << std::endl;
  std::exit(1);
}

}  // namespace metaconv
