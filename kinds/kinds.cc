#include <iterator>
#include <string_view>

#include "kinds/batched.h"
#include "kinds/dense.h"
#include "kinds/functional.h"
#include "kinds/grad_tracking.h"
#include "kinds/kind.h"
#include "kinds/mkldnn.h"
#include "kinds/nested.h"
#include "kinds/plain_sparse.h"
#include "kinds/plain_tensor.h"
#include "kinds/sparse_compressed.h"
#include "kinds/sparse_coo.h"
#include "kinds/view.h"
#include "kinds/wrapper.h"
#include "meta/sparse_layout.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

using at::Tensor;
using Desc = MetaTensorDesc;

bool Never(const Desc&) { return false; }

bool IsLazy(const Tensor& tensor) { return tensor.device().type() == c10::DeviceType::Lazy; }

bool IsSparseView(const Tensor& tensor) {
  return tensor.is_view() && !IsBatched(tensor) && !IsGradTracking(tensor) && tensor._base().is_sparse();
}

absl::Status DescribeSparseView(Description& description, const Tensor& tensor, Desc& desc) {
  return IsSparseCoo(tensor.layout()) ? DescribeSparseCoo(description, tensor, desc)
                                      : DescribeDense(description, tensor, desc);
}

absl::StatusOr<Tensor> BuildSparseView(Conversion& conversion, const Desc& desc) {
  return desc.is_sparse ? BuildSparseCoo(conversion, desc) : BuildView(conversion, desc);
}

// If several entries match, the first one counts: unsupported kinds come first, wrappers before the kinds that they can
// wrap, and the rest in the order of the reference's checks.
constexpr TensorKind kKinds[] = {
    {.name = "lazy",
     .matches = IsLazy,
     .matches_record = [](const Desc& desc) { return desc.device.type() == c10::DeviceType::Lazy; }},
    {.name = "quantized",
     .matches = [](const Tensor& tensor) { return tensor.is_quantized(); },
     .matches_record = [](const Desc& desc) { return c10::isQIntType(desc.dtype); }},
    {.name = "view of a sparse tensor",
     .matches = IsSparseView,
     .matches_record =
         [](const Desc& desc) {
           return desc.is_view && !desc.functorch().is_functorch_wrapped && desc.base != nullptr &&
                  desc.base->is_sparse;
         },
     .describe = DescribeSparseView,
     .build = BuildSparseView,
     .only_nested = true},
    {.name = "legacy batched",
     .matches = [](const Tensor& tensor) { return tensor.key_set().has(c10::DispatchKey::Batched); },
     .matches_record = [](const Desc& desc) { return desc.functorch().is_legacy_batchedtensor; }},
    {.name = "batched (vmap)",
     .matches = IsBatched,
     .matches_record =
         [](const Desc& desc) { return desc.functorch().is_functorch_wrapped && desc.functorch().is_batchedtensor; },
     .describe = DescribeBatched,
     .build = BuildBatched,
     .inner = InnerOfBatched},
    {.name = "grad-tracking (grad, jvp)",
     .matches = IsGradTracking,
     .matches_record =
         [](const Desc& desc) {
           return desc.functorch().is_functorch_wrapped && desc.functorch().is_gradtrackingtensor;
         },
     .describe = DescribeGradTracking,
     .build = BuildGradTracking,
     .inner = InnerOfGradTracking},
    {.name = "functional (functorch)",
     .matches = IsFunctorchFunctional,
     .matches_record =
         [](const Desc& desc) { return desc.functorch().is_functorch_wrapped && desc.functorch().is_functional; },
     .describe = DescribeFunctorchFunctional,
     .build = BuildFunctorchFunctional,
     .inner = InnerOfFunctional},
    {.name = "functional",
     .matches = IsFunctional,
     .matches_record = [](const Desc& desc) { return desc.functorch().is_functional; },
     .describe = DescribeFunctional,
     .build = BuildFunctional,
     .inner = InnerOfFunctional},
    {.name = "unknown functorch wrapper",
     .matches = [](const Tensor&) { return false; },
     .matches_record = [](const Desc& desc) { return desc.functorch().is_functorch_wrapped; }},
    {.name = "wrapper",
     .matches = IsWrapper,
     .matches_record = [](const Desc& desc) { return desc.wrapper().is_traceable_wrapper_subclass; },
     .describe = DescribeWrapper,
     .build = BuildWrapper,
     .inner = InnerOfWrapper},
    {.name = "Python subclass",
     .matches = [](const Tensor& tensor) { return tensor.key_set().has(c10::DispatchKey::Python); },
     .matches_record = Never},
    {.name = "sparse COO",
     .matches = [](const Tensor& tensor) { return IsSparseCoo(tensor.layout()); },
     .matches_record = [](const Desc& desc) { return desc.is_sparse; },
     .describe = DescribeSparseCoo,
     .build = BuildSparseCoo},
    {.name = "sparse compressed",
     .matches = [](const Tensor& tensor) { return IsSparseCompressedLayout(tensor.layout()); },
     .matches_record = [](const Desc& desc) { return IsSparseCompressedLayout(desc.layout); },
     .describe = DescribeSparseCompressed,
     .build = BuildSparseCompressed},
    {.name = "nested",
     .matches = [](const Tensor& tensor) { return tensor.is_nested(); },
     .matches_record = [](const Desc& desc) { return desc.is_nested; },
     .describe = DescribeNested,
     .build = BuildNested},
    {.name = "mkldnn",
     .matches = [](const Tensor& tensor) { return tensor.is_mkldnn(); },
     .matches_record = [](const Desc& desc) { return desc.extras->is_mkldnn; },
     .describe = DescribeMkldnn,
     .build = BuildMkldnn},
    {.name = "opaque (without a storage)",
     .matches = [](const Tensor& tensor) { return !tensor.has_storage(); },
     .matches_record = Never},
    {.name = "view",
     .matches = [](const Tensor& tensor) { return tensor.is_view(); },
     .matches_record = [](const Desc& desc) { return desc.is_view; },
     .describe = DescribeDense,
     .build = BuildView},
    {.name = "dense",
     .matches = [](const Tensor&) { return true; },
     .matches_record = [](const Desc&) { return true; },
     .describe = DescribeDense,
     .build = BuildDense,
     .is_built_alone = true},
};
constexpr const TensorKind& kDense = kKinds[std::size(kKinds) - 1];
constexpr const TensorKind& kView = kKinds[std::size(kKinds) - 2];

// Evaluated by the compiler: an unknown name does not compile.
consteval const TensorKind& KindNamed(std::string_view name) {
  const TensorKind* kind = kKinds;
  while (std::string_view(kind->name) != name) ++kind;
  return *kind;
}
constexpr const TensorKind& kSparseCoo = KindNamed("sparse COO");
constexpr const TensorKind& kSparseCompressed = KindNamed("sparse compressed");

bool IsOther(const Desc& desc) {
  const FunctorchFields& functorch = desc.functorch();
  return functorch.is_legacy_batchedtensor || functorch.is_functorch_wrapped || functorch.is_functional ||
         desc.wrapper().is_traceable_wrapper_subclass || desc.extras->is_mkldnn;
}

// A fast path for records, as IsPlainTensor is for tensors.
bool IsPlain(const Desc& desc) {
  return !desc.is_sparse && !desc.is_nested && !(desc.extras.has_value() && IsOther(desc)) &&
         desc.layout == c10::Layout::Strided && desc.device.type() != c10::DeviceType::Lazy &&
         !c10::isQIntType(desc.dtype) && !(desc.base != nullptr && desc.base->is_sparse);
}

}  // namespace

const TensorKind& KindOf(const Tensor& tensor) {
  if (IsPlainTensor(tensor)) {  // The fast path, which replaces the search of the table for most tensors.
    // A tensor without autograd metadata is not a view.
    if (tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr) return kDense;
    const torch::autograd::DifferentiableViewMeta* meta = torch::autograd::impl::get_view_autograd_meta(tensor);
    if (meta == nullptr || !meta->has_bw_view()) return kDense;
    if (!meta->get_backward_view().base_.is_sparse()) return kView;
  }
  if (IsPlainSparseCoo(tensor)) return kSparseCoo;
  if (IsPlainSparseCompressed(tensor)) return kSparseCompressed;
  const TensorKind* kind = kKinds;
  while (!kind->matches(tensor)) ++kind;  // The last entry matches every tensor.
  return *kind;
}

const TensorKind& KindOf(const Desc& desc) {
  if (IsPlain(desc)) return desc.is_view ? kView : kDense;
  const TensorKind* kind = kKinds;
  while (!kind->matches_record(desc)) ++kind;
  return *kind;
}

}  // namespace metaconv
