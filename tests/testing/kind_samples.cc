#include "tests/testing/kind_samples.h"

#include <cstdint>
#include <utility>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/TensorWrapper.h"
#include "ATen/ops/_nested_tensor_from_tensor_list.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "meta/meta_tensor_desc_fields.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using at::Tensor;
namespace functionalization = at::functionalization::impl;

Tensor RequiringGrad(at::IntArrayRef size) { return at::ones(size).set_requires_grad(true); }

Tensor WithGrad() {
  Tensor leaf = RequiringGrad({3, 4});
  leaf.mutable_grad() = at::ones({4, 3}).t();
  return leaf;
}

Tensor Two(at::IntArrayRef size) { return TwoTensor(at::ones(size), at::zeros(size)); }

Tensor Nested() {
  return at::_nested_tensor_from_tensor_list({at::ones({2, 3}), at::ones({4, 3})}, at::kFloat, at::kStrided, at::kCPU);
}

Tensor TwoWithGrad() {
  Tensor leaf = Two({2, 3}).set_requires_grad(true);
  leaf.mutable_grad() = Two({2, 3});
  return leaf;
}

MadeSample Describe(FunctorchLevels levels, Tensor tensor) {
  auto describer = std::make_shared<MetaTensorDescriber>();
  MetaTensorDescPtr record = describer->DescribeTensor(tensor).value();
  return {std::move(levels), std::move(tensor), std::move(describer), std::move(record)};
}

KindSample Plain(const char* name, Tensor (*make)()) {
  return {name, false, false, [make] { return Describe({}, make()); }};
}

KindSample InLevels(const char* name, Tensor (*make)(FunctorchLevels&)) {
  return {name, true, false, [make] {
            FunctorchLevels levels;
            Tensor tensor = make(levels);
            return Describe(std::move(levels), std::move(tensor));
          }};
}

Tensor Batched(FunctorchLevels& levels) {
  levels.PushVmap(3, at::functorch::RandomnessType::Error);
  return at::functorch::makeBatched(at::empty({2, 3}), 1, levels.depth());
}

Tensor GradTracking(FunctorchLevels& levels) {
  const Tensor wrapped = RequiringGrad({2, 3});
  levels.PushGrad();
  return at::functorch::makeTensorWrapper(wrapped, levels.depth());
}

Tensor GradTrackingBatched(FunctorchLevels& levels) {
  const Tensor batched = Batched(levels);
  levels.PushGrad();
  return at::functorch::makeTensorWrapper(batched, levels.depth());
}

Tensor FunctorchFunctional(FunctorchLevels& levels) {
  const Tensor wrapped = functionalization::to_functional_tensor(at::empty({2, 3}));
  levels.PushFunctionalize(/*reapply_views=*/true);
  functionalization::unsafeGetFunctionalWrapper(wrapped)->set_level(levels.depth());
  return wrapped;
}

}  // namespace

const std::vector<KindSample>& KindSamples() {
  static const auto& samples = *new std::vector<KindSample>{
      Plain("dense",
            [] {
              return at::ones({3, 4});
            }),
      Plain("dense on a part of a storage", [] { return at::ones({12}).slice(0, 4, 8).detach(); }),
      Plain("leaf", [] { return RequiringGrad({3}); }),
      Plain("non-leaf", [] { return RequiringGrad({3}) * 2; }),
      Plain("with a gradient", WithGrad),
      Plain("view", [] { return at::ones({12}).slice(0, 4, 8); }),
      Plain("view of a leaf",
            [] {
              return RequiringGrad({3, 4}).t();
            }),
      Plain("non-leaf view of a plain base",
            [] {
              return at::ones({12}).view({3, 4}).set_requires_grad(true)[1];
            }),
      Plain("view of another dtype", [] { return at::view_as_real(at::ones({3}, at::kComplexFloat)); }),
      Plain("sparse COO", [] { return at::eye(3).to_sparse(); }),
      Plain("sparse COO non-leaf", [] { return at::eye(3).to_sparse().set_requires_grad(true).clone(); }),
      Plain("sparse CSR", [] { return at::eye(3).to_sparse_csr(); }),
      Plain("sparse BSC",
            [] {
              return at::eye(4).to_sparse_bsc({2, 2});
            }),
      Plain("nested", Nested),
      Plain("view of a nested tensor", [] { return Nested().transpose(1, 2); }),
      Plain("mkldnn",
            [] {
              return at::ones({3, 4}).to_mkldnn();
            }),
      InLevels("batched", Batched),
      InLevels("grad-tracking", GradTracking),
      InLevels("grad-tracking batched", GradTrackingBatched),
      InLevels("functional in functorch", FunctorchFunctional),
      Plain("functional", [] { return functionalization::to_functional_tensor(at::ones({3})); }),
      Plain("wrapper",
            [] {
              return Two({2, 3});
            }),
      Plain("wrapper with a gradient", TwoWithGrad),
      Plain("wrapper of wrappers", [] { return TwoTensor(Two({2}), Two({2})); }),
      {"view of a wrapper", false, true,
       [] {
         return Describe({}, Two({2, 3}).t());
       }},
      {"view of a wrapper leaf", false, true,
       [] {
         return Describe({}, Two({2, 3}).set_requires_grad(true).select(0, 1));
       }},
  };
  return samples;
}

RecordIds IdsOf(const MetaTensorDesc& desc) {
  RecordIds ids;
  ids.tensors.insert(desc.id);
  if (desc.storage.has_value()) ids.storages.insert(desc.storage->id);
  ForEachNested(desc, [&](const char*, const MetaTensorDescPtr& nested) {
    if (nested == nullptr) return;
    RecordIds more = IdsOf(*nested);
    ids.tensors.merge(more.tensors);
    ids.storages.merge(more.storages);
  });
  return ids;
}

}  // namespace metaconv
