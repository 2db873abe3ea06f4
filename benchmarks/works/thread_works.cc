#include "benchmarks/works/thread_works.h"

#include <cstddef>
#include <memory>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty_strided.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "benchmarks/works/outcomes.h"
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

// Whether a thread converts a range by one call for each tensor or by one call for all.
enum class Form { kSingle, kWhole };

// The results of one thread. Each has cache lines of its own, because each push_back writes to the vector.
struct alignas(128) Results {
  std::vector<at::Tensor> tensors;
  Outcomes<at::Tensor> outcomes;
};

// Converting again is so fast that waking the threads would count. Therefore each thread does it several times.
constexpr int kAgainPasses = 10;

int Passes(Phase phase) {
  switch (phase) {
    case Phase::kFirst:
      return 1;
    case Phase::kAgain:
      return kAgainPasses;
    case Phase::kBoth:
      break;
  }
  return 2;
}

void Convert(MetaConverter& converter, const Graph& graph, Range range, Form form, Results& results) {
  if (form == Form::kWhole) {
    const absl::Span<const at::Tensor> tensors = graph.tensors;
    results.outcomes.Take(converter.Convert(tensors.subspan(range.begin, range.end - range.begin)));
    return;
  }
  for (std::size_t i = range.begin; i < range.end; ++i) {
    results.tensors.push_back(OrDie(converter.Convert(graph.tensors[i])));
  }
}

// A run in which each of `threads` threads calls `job(thread, results)`, with results of its own.
template <typename Job>
Run RunByTeam(int threads, std::size_t room, Job job) {
  auto results = std::make_shared<std::vector<Results>>(static_cast<std::size_t>(threads));
  for (Results& own : *results) own.tensors.reserve(room);
  auto team = std::make_shared<ThreadTeam>(
      threads, [results, job](int thread) { job(thread, (*results)[static_cast<std::size_t>(thread)]); });
  return [team] { team->Run(); };
}

struct ThreadJob {
  Share share = Share::kDisjoint;
  Phase phase = Phase::kFirst;
  Form form = Form::kSingle;
  int threads = 1;
};

Prepare ConvertByThreads(const Graph& graph, ThreadJob job) {
  const std::size_t size = graph.tensors.size();
  const std::size_t room = job.form == Form::kSingle ? size * static_cast<std::size_t>(Passes(job.phase)) : 0;
  auto seen = std::make_shared<MetaConverter>();
  auto held = std::make_shared<Results>();
  if (job.phase == Phase::kAgain) Convert(*seen, graph, {0, size}, Form::kSingle, *held);
  return [=, &graph, keep = held] {
    auto converter = job.phase == Phase::kAgain ? seen : std::make_shared<MetaConverter>();
    return RunByTeam(job.threads, room, [=, &graph](int thread, Results& results) {
      const std::vector<Range> ranges = RangesOf(job.share, size, thread, job.threads);
      for (int passes = Passes(job.phase); passes > 0; --passes) {
        for (const Range& range : ranges) Convert(*converter, graph, range, job.form, results);
      }
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
        results.tensors.push_back(
            at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta)));
      }
    });
  };
}

// `group` is the name without the number of threads. The report measures all numbers of threads in turns.
Work ThreadWork(const std::string& group, ThreadJob job) {
  const bool disjoint_first = job.share == Share::kDisjoint && job.phase == Phase::kFirst;
  return {
      .name = absl::StrCat(group, "/", job.threads),
      .graphs = {"tiny"},
      .floors = disjoint_first ? std::vector<std::string>{absl::StrCat("threads/by_hand/", job.threads)}
                               : std::vector<std::string>{},
      .setup = [job](const Graph& graph) { return ConvertByThreads(graph, job); },
      .group = group,
      .conversions_per_tensor = Passes(job.phase) * ConversionsPerTensor(job.share, job.threads),
  };
}

}  // namespace

std::vector<Work> ThreadWorks() {
  constexpr struct {
    const char* group;
    Share share;
    Phase phase;
    Form form;
  } kKinds[] = {
      {"threads/disjoint/first", Share::kDisjoint, Phase::kFirst, Form::kSingle},
      {"threads/disjoint/again", Share::kDisjoint, Phase::kAgain, Form::kSingle},
      {"threads/disjoint/both", Share::kDisjoint, Phase::kBoth, Form::kSingle},
      {"threads_all/disjoint/first", Share::kDisjoint, Phase::kFirst, Form::kWhole},
      {"threads_all/disjoint/again", Share::kDisjoint, Phase::kAgain, Form::kWhole},
      {"threads/same/first", Share::kSame, Phase::kFirst, Form::kSingle},
      {"threads/same/again", Share::kSame, Phase::kAgain, Form::kSingle},
      {"threads/same/both", Share::kSame, Phase::kBoth, Form::kSingle},
      {"threads/mix/first", Share::kMix, Phase::kFirst, Form::kSingle},
      {"threads/mix/again", Share::kMix, Phase::kAgain, Form::kSingle},
      {"threads/mix/both", Share::kMix, Phase::kBoth, Form::kSingle},
  };
  constexpr int kThreads[] = {1, 2, 4, 8};

  std::vector<Work> works;
  for (const auto& kind : kKinds) {
    for (const int threads : kThreads) {
      works.push_back(
          ThreadWork(kind.group, {.share = kind.share, .phase = kind.phase, .form = kind.form, .threads = threads}));
    }
  }
  for (const int threads : kThreads) {
    works.push_back({.name = absl::StrCat("threads/by_hand/", threads),
                     .graphs = {"tiny"},
                     .setup = [threads](const Graph& graph) { return MakeByThreads(graph, threads); }});
  }
  return works;
}

}  // namespace metaconv
