#include "benchmarks/comparison.h"

#include <algorithm>
#include <limits>
#include <map>
#include <ostream>

#include "absl/strings/str_format.h"
#include "benchmarks/works/timing.h"

namespace metaconv {
namespace {

constexpr double kUnmeasured = std::numeric_limits<double>::infinity();

// A work of a comparison, with what its runs share.
struct Contender {
  const Work* work;
  Prepare prepare = {};
  double best = kUnmeasured;
};

bool Matches(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool RunsOn(const Work& work, const std::string& graph) { return std::ranges::count(work.graphs, graph) > 0; }

}  // namespace

bool Comparison::Choose(std::string_view name) {
  bool found = false;
  for (std::size_t i = 0; i < works_.size(); ++i) {
    if (!Matches(works_[i].name, name)) continue;
    found = true;
    if (std::ranges::count(chosen_, i) == 0) chosen_.push_back(i);
  }
  return found;
}

std::vector<std::string> Comparison::Graphs() const {
  std::vector<std::string> graphs;
  for (const std::size_t i : chosen_) {
    for (const std::string& graph : works_[i].graphs) {
      if (std::ranges::count(graphs, graph) == 0) graphs.push_back(graph);
    }
  }
  return graphs;
}

std::vector<const Work*> Comparison::Floors(const Work& work, const std::string& graph) const {
  std::vector<const Work*> floors;
  for (const Work& other : works_) {
    if (std::ranges::count(work.floors, other.name) > 0 && RunsOn(other, graph)) floors.push_back(&other);
  }
  return floors;
}

void Comparison::Run(const GraphSpec& spec, int rounds, std::ostream& out) const {
  std::map<std::string_view, Contender> contenders;  // By name: works may share baselines.
  for (const std::size_t i : chosen_) {
    const Work& work = works_[i];
    if (!RunsOn(work, spec.name)) continue;
    contenders.emplace(work.name, Contender{.work = &work});
    for (const Work* floor : Floors(work, spec.name)) contenders.emplace(floor->name, Contender{.work = floor});
  }
  if (contenders.empty()) return;

  const Graph graph = OrDie(MakeGraph(spec));
  for (auto& [name, contender] : contenders) contender.prepare = contender.work->setup(graph);
  for (int round = 0; round < rounds; ++round) {
    for (auto& [name, contender] : contenders) {
      const double now = NanosecondsPerConversion(*contender.work, contender.prepare, graph.tensors.size(), clock_);
      contender.best = std::min(contender.best, now);
    }
  }

  out << absl::StreamFormat("%s, %d tensors, %d rounds\n", spec.name, graph.tensors.size(), rounds);
  for (const std::size_t i : chosen_) {
    const Work& work = works_[i];
    if (!RunsOn(work, spec.name)) continue;
    const double best = contenders.at(work.name).best;
    out << absl::StreamFormat("  %-32s %10.1f ns\n", work.name, best);
    for (const Work* floor : Floors(work, spec.name)) {
      const double floor_best = contenders.at(floor->name).best;
      out << absl::StreamFormat("    %-30s %10.1f ns %7.2fx\n", floor->name, floor_best, best / floor_best);
    }
  }
  out.flush();
}

}  // namespace metaconv
