#include "benchmarks/works/view_works.h"

#include <memory>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty_like.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/works/conversion.h"
#include "benchmarks/works/results.h"
#include "describer/meta_tensor_describer.h"
#include "meta/view_func.h"

namespace metaconv {
namespace {

at::Tensor NewBase(const Graph& graph) { return at::empty_like(at::Tensor(graph.tensors.front()._base())); }

Prepare ReplayViews(const Graph& graph) {
  MetaTensorDescriber describer;
  auto records = RoomFor<MetaTensorDescPtr>(graph.tensors.size());
  for (const at::Tensor& tensor : graph.tensors) {
    records->push_back(OrDie(describer.DescribeTensor(tensor)));
    if (const std::string name = records->back()->extras->view_func->Name(); name != "aten::slice.Tensor") {
      DieOf(absl::InternalError(absl::StrCat("expected views made by aten::slice.Tensor, found ", name)));
    }
  }
  return [base = NewBase(graph), records] {
    auto results = RoomFor<at::Tensor>(records->size());
    return [base, records, results] {
      for (const MetaTensorDescPtr& record : *records) {
        results->push_back(OrDie(record->extras->view_func->Apply(*record, base, {}, {})));
      }
    };
  };
}

// Baseline: calls the same operator through its C++ function.
Prepare CallOperator(const Graph& graph) {
  return [&graph, base = NewBase(graph)] {
    auto results = RoomFor<at::Tensor>(graph.tensors.size());
    return [&graph, base, results] {
      for (const at::Tensor& view : graph.tensors) {
        const std::int64_t start = view.storage_offset();
        results->push_back(base.slice(0, start, start + view.size(0)));
      }
    };
  };
}

}  // namespace

std::vector<Work> ViewWorks() {
  const std::vector<std::string> graphs = {"views", "chains", "forest", "shared_storage"};
  return {
      {.name = "views/first", .graphs = graphs, .floors = {"views/by_hand"}, .setup = ConvertFirst},
      {.name = "views/again", .graphs = graphs, .floors = {"views/look_up"}, .setup = ConvertAgain},
      {.name = "views/look_up", .graphs = graphs, .setup = LookUp},
      {.name = "views/by_hand", .graphs = graphs, .setup = MakeByHand},
      {.name = "views/replay", .graphs = {"replayed_views"}, .floors = {"views/operator"}, .setup = ReplayViews},
      {.name = "views/operator", .graphs = {"replayed_views"}, .setup = CallOperator},
  };
}

}  // namespace metaconv
