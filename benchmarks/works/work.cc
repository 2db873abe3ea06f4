#include "benchmarks/works/work.h"

#include <time.h>

#include <cstdlib>
#include <iostream>
#include <utility>

namespace metaconv {
namespace {

// In nanoseconds. A double is exact to a nanosecond for a hundred days.
double Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

double Nanoseconds(Run run, Clock clock) {
  const clockid_t id = clock == Clock::kWall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  const double start = Now(id);
  run();
  return Now(id) - start;
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
