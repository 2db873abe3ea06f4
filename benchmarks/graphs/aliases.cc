#include "benchmarks/graphs/aliases.h"

#include <algorithm>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "c10/core/AutogradState.h"

namespace metaconv {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::int64_t kViewsOfABase = 1000;

at::Tensor Empty(at::IntArrayRef sizes) { return at::empty(sizes, at::device(at::kMeta)); }

// The next view of a chain: without the first row, or transposed.
at::Tensor Deeper(Random& random, const at::Tensor& view) {
  if (random.Below(4) == 0) return view.transpose(0, 1);
  return view.slice(0, view.size(0) > 1 ? 1 : 0);
}

at::Tensor ViewOf(Random& random, const at::Tensor& base) {
  switch (random.Below(4)) {
    case 0:
      return base.select(0, random.Below(16)).expand({3, -1});
    case 1:
      return base.transpose(0, 1);
    case 2:
      return base.as_strided({4, 4}, {1, 1}, random.Below(16));
    default:
      return base.slice(1, random.Below(8), 16, 2);
  }
}

}  // namespace

std::vector<at::Tensor> Views(Random&, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<std::size_t>(count));
  at::Tensor base;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t start = i % kViewsOfABase;
    if (start == 0) base = Empty({kViewsOfABase + 4});
    tensors.push_back(base.slice(0, start, start + 4));
  }
  return tensors;
}

std::vector<at::Tensor> ReplayedViews(Random& random, std::int64_t count) {
  c10::AutogradState& state = c10::AutogradState::get_tls_state();
  const bool enabled = state.get_view_replay_enabled();
  state.set_view_replay_enabled(true);
  std::vector<at::Tensor> tensors = Views(random, count);
  state.set_view_replay_enabled(enabled);
  return tensors;
}

std::vector<at::Tensor> Chains(Random& random, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  const auto wanted = static_cast<std::size_t>(count);
  while (tensors.size() < wanted) {
    at::Tensor view = Empty({64, 64});
    tensors.push_back(view);
    const std::int64_t depth = 1 + random.Below(kMaxDepth);
    for (std::int64_t i = 0; i < depth && tensors.size() < wanted; ++i) {
      view = Deeper(random, view);
      tensors.push_back(view);
    }
  }
  return tensors;
}

std::vector<at::Tensor> AliasForest(Random& random, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  const auto wanted = static_cast<std::size_t>(count);
  while (tensors.size() < wanted) {
    const at::Tensor base = Empty({16, 16});
    tensors.push_back(base);
    const std::int64_t views = random.Below(33);
    at::Tensor last = base;
    for (std::int64_t i = 0; i < views && tensors.size() < wanted; ++i) {
      last = random.Below(2) == 0 ? Deeper(random, last) : ViewOf(random, base);
      tensors.push_back(last);
    }
  }
  return tensors;
}

std::vector<at::Tensor> SharedStorage(Random&, std::int64_t count) {
  const at::Tensor owner = Empty({count + 4});
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) tensors.push_back(Empty({0}).set_(owner.storage(), i, {4}, {1}));
  return tensors;
}

}  // namespace metaconv
