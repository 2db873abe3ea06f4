// Materialize: creates real tensors from records or from tensors without data.
//
// The tensors have the shape, strides, dtype, aliasing, views, gradients and requires_grad of their records, and are on
// one device. Pass all tensors of a model in one call: tensors that share a storage then share one again, each storage
// is allocated and filled once, and if an error occurs no tensor is returned.
//
// Example:
//   MetaTensorDescriber describer({.copy_data = true});
//   absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(weight);
//   absl::StatusOr<at::Tensor> copy = Materialize(**record, at::kCPU, *CopiedData());
//
// For a non-leaf the backward pass raises an error, as for results of MetaConverter. Views are views of their base's
// result, created by operators if the device has them. Sparse tensors have the elements of their records if the source
// provides elements, otherwise none. On devices other than the CPU, sparse tensors need LibTorch's operators for that
// device to be linked. Whether a tensor is a parameter is in its record only, because a C++ tensor has no such
// attribute.
//
// Thread safety: Thread-safe.
// Lifetime: tensors are independent of records and source, except with SharedData.

#ifndef METACONV_CONVERTER_MATERIALIZE_H_
#define METACONV_CONVERTER_MATERIALIZE_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "converter/data_source.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Returns a tensor for each record, in order; records with the same id get the same tensor. All records must come from
// one describer or one file. A device without an index means the caller's current device of that type.
//
// Errors: those of MetaConverter::MetaTensor; kInvalidArgument for inconsistent records, for a storage that is too
// small for a tensor on it, and for parts of sparse tensors that do not match; those of the source and of StoragePath,
// with the storage's id.
absl::StatusOr<std::vector<at::Tensor>> Materialize(absl::Span<const MetaTensorDescPtr> records, c10::Device device,
                                                    DataSource& source);

// As above, for one record.
absl::StatusOr<at::Tensor> Materialize(const MetaTensorDesc& record, c10::Device device, DataSource& source);

// As above, for the current state of tensors: results of MetaConverter, or any others. With CopiedData, results with a
// copy of their data (see real_data.h) are created from that copy.
absl::StatusOr<std::vector<at::Tensor>> MaterializeTensors(absl::Span<const at::Tensor> tensors, c10::Device device,
                                                           DataSource& source);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_MATERIALIZE_H_
