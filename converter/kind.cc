#include "converter/kind.h"

#include "converter/dense.h"
#include "converter/view.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

// The order matters where several match: what the reference turns away comes first, then as the reference asks.
constexpr ConverterKind kKinds[] = {
    {"lazy", [](const MetaTensorDesc& desc) { return desc.device.type() == c10::DeviceType::Lazy; }, nullptr},
    {"quantized", [](const MetaTensorDesc& desc) { return c10::isQIntType(desc.dtype); }, nullptr},
    {"view of a sparse tensor",
     [](const MetaTensorDesc& desc) { return desc.is_view && desc.base != nullptr && desc.base->is_sparse; }, nullptr},
    {"sparse COO", [](const MetaTensorDesc& desc) { return desc.is_sparse; }, nullptr},
    {"sparse compressed", [](const MetaTensorDesc& desc) { return IsSparseCompressedLayout(desc.layout); }, nullptr},
    {"wrapper", [](const MetaTensorDesc& desc) { return desc.is_traceable_wrapper_subclass; }, nullptr},
    {"nested", [](const MetaTensorDesc& desc) { return desc.is_nested; }, nullptr},
    {"mkldnn", [](const MetaTensorDesc& desc) { return desc.is_mkldnn; }, nullptr},
    {"legacy batched", [](const MetaTensorDesc& desc) { return desc.is_legacy_batchedtensor; }, nullptr},
    {"functorch wrapper", [](const MetaTensorDesc& desc) { return desc.is_functorch_wrapped; }, nullptr},
    {"functional wrapper", [](const MetaTensorDesc& desc) { return desc.is_functional; }, nullptr},
    {"view", [](const MetaTensorDesc& desc) { return desc.is_view; }, BuildView},
    {"dense", [](const MetaTensorDesc&) { return true; }, BuildDense},
};

}  // namespace

const ConverterKind& KindOf(const MetaTensorDesc& desc) {
  const ConverterKind* kind = kKinds;
  while (!kind->matches(desc)) ++kind;  // The last matches everything.
  return *kind;
}

}  // namespace metaconv
