// The sparse compressed kinds CSR, CSC, BSR and BSC, with compressed indices, plain indices and values. Results without
// data have no elements.
//
// Indices and values are described with the tensor, without their own parts and bases, because these refer back to it.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_SPARSE_COMPRESSED_H_
#define METACONV_KINDS_SPARSE_COMPRESSED_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::Status DescribeSparseCompressed(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildSparseCompressed(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_SPARSE_COMPRESSED_H_
