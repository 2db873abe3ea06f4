#include "benchmarks/works/thread_works.h"

#include <cstddef>
#include <memory>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty_strided.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/works/results.h"
#include "benchmarks/works/thread_team.h"
#include "converter/meta_converter.h"

namespace metaconv {
namespace {

// A range of consecutive tensors of a graph.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Which tensors each thread converts.
enum class Share {
  kDisjoint,  // Each thread converts its own part.
  kSame,      // Each thread converts all tensors. Each begins at another one.
  kMix,       // The first half of the tensors as kSame, the second half as kDisjoint.
};

Range Part(Range whole, int thread, int threads) {
  const auto cut = [&](int i) {
    return whole.begin + (whole.end - whole.begin) * static_cast<std::size_t>(i) / static_cast<std::size_t>(threads);
  };
  return {cut(thread), cut(thread + 1)};
}

std::vector<Range> Rotated(Range whole, int thread, int threads) {
  const std::size_t first = Part(whole, thread, threads).begin;
  return {{first, whole.end}, {whole.begin, first}};
}

std::vector<Range> RangesOf(Share share, std::size_t size, int thread, int threads) {
  switch (share) {
    case Share::kDisjoint:
      return {Part({0, size}, thread, threads)};
    case Share::kSame:
      return Rotated({0, size}, thread, threads);
    case Share::kMix:
      break;
  }
  std::vector<Range> ranges = Rotated({0, size / 2}, thread, threads);
  ranges.push_back(Part({size / 2, size}, thread, threads));
  return ranges;
}

double ConversionsPerTensor(Share share, int threads) {
  switch (share) {
    case Share::kDisjoint:
      return 1;
    case Share::kSame:
      return threads;
    case Share::kMix:
      break;
  }
  return (1 + threads) / 2.0;
}

// Which conversions each thread runs.
enum class Phase { kFirst, kAgain, kBoth };

using Results = std::vector<at::Tensor>;

void Convert(MetaConverter& converter, const Graph& graph, const std::vector<Range>& ranges, Results& results) {
  for (const Range& range : ranges) {
    for (std::size_t i = range.begin; i < range.end; ++i) results.push_back(OrDie(converter.Convert(graph.tensors[i])));
  }
}

// A run in which each of `threads` threads calls `job(thread, results)`, with its own vector for results.
template <typename Job>
Run RunByTeam(int threads, std::size_t room, Job job) {
  auto results = std::make_shared<std::vector<Results>>(static_cast<std::size_t>(threads));
  for (Results& own : *results) own.reserve(room);
  auto team = std::make_shared<ThreadTeam>(
      threads, [results, job](int thread) { job(thread, (*results)[static_cast<std::size_t>(thread)]); });
  return [team] { team->Run(); };
}

Prepare ConvertByThreads(const Graph& graph, Share share, Phase phase, int threads) {
  const std::size_t size = graph.tensors.size();
  auto seen = std::make_shared<MetaConverter>();
  auto held = RoomFor<at::Tensor>(size);
  if (phase == Phase::kAgain) Convert(*seen, graph, {{0, size}}, *held);
  return [=, &graph, keep = held] {
    auto converter = phase == Phase::kAgain ? seen : std::make_shared<MetaConverter>();
    return RunByTeam(threads, 2 * size, [=, &graph](int thread, Results& results) {
      const std::vector<Range> ranges = RangesOf(share, size, thread, threads);
      for (int times = phase == Phase::kBoth ? 2 : 1; times > 0; --times) Convert(*converter, graph, ranges, results);
    });
  };
}

// Baseline: each thread creates its part with at::empty_strided.
Prepare MakeByThreads(const Graph& graph, int threads) {
  return [&graph, threads] {
    return RunByTeam(threads, graph.tensors.size(), [&graph, threads](int thread, Results& results) {
      const Range part = Part({0, graph.tensors.size()}, thread, threads);
      for (std::size_t i = part.begin; i < part.end; ++i) {
        const at::Tensor& tensor = graph.tensors[i];
        results.push_back(at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta)));
      }
    });
  };
}

Work ThreadWork(const char* share_name, Share share, const char* phase_name, Phase phase, int threads) {
  const bool disjoint_first = share == Share::kDisjoint && phase == Phase::kFirst;
  return {
      .name = absl::StrCat("threads/", share_name, "/", phase_name, "/", threads),
      .graphs = {"tiny"},
      .floors = disjoint_first ? std::vector<std::string>{absl::StrCat("threads/by_hand/", threads)}
                               : std::vector<std::string>{},
      .setup = [=](const Graph& graph) { return ConvertByThreads(graph, share, phase, threads); },
      .conversions_per_tensor = (phase == Phase::kBoth ? 2 : 1) * ConversionsPerTensor(share, threads),
  };
}

}  // namespace

std::vector<Work> ThreadWorks() {
  constexpr struct {
    const char* name;
    Share share;
  } kShares[] = {{"disjoint", Share::kDisjoint}, {"same", Share::kSame}, {"mix", Share::kMix}};
  constexpr struct {
    const char* name;
    Phase phase;
  } kPhases[] = {{"first", Phase::kFirst}, {"again", Phase::kAgain}, {"both", Phase::kBoth}};

  std::vector<Work> works;
  for (const int threads : {1, 2, 4, 8}) {
    for (const auto& share : kShares) {
      for (const auto& phase : kPhases) {
        works.push_back(ThreadWork(share.name, share.share, phase.name, phase.phase, threads));
      }
    }
    works.push_back({.name = absl::StrCat("threads/by_hand/", threads),
                     .graphs = {"tiny"},
                     .setup = [threads](const Graph& graph) { return MakeByThreads(graph, threads); }});
  }
  return works;
}

}  // namespace metaconv
