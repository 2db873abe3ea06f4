#include "describer/compare_tensors.h"

#include "describer/disable_inference_mode.h"
#include "describer/meta_tensor_describer.h"

namespace metaconv {

absl::Status AssertMetadataEq(const at::Tensor& expected, const at::Tensor& tensor, AssertMetadataEqOptions options) {
  options.inference_mode_hidden |= DisableInferenceModeForFakeProp::IsActive();
  absl::StatusOr<MetaTensorDescPtr> desc = MetaTensorDescriber().DescribeTensor(expected);
  if (!desc.ok()) return desc.status();
  return AssertMetadataEq(**desc, tensor, options);
}

}  // namespace metaconv
