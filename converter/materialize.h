// Materialize: real tensors again, from records or from tensors without data.
//
// What is made has the shape, strides, dtype, aliasing, views, gradients and requires_grad that the records name, on one
// device. A whole model is one call: tensors that share a storage share one again, each storage is allocated and filled
// once, and if anything fails nothing is handed out.
//
// Example:
//   MetaTensorDescriber describer({.copy_data = true});
//   absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(weight);
//   absl::StatusOr<at::Tensor> copy = Materialize(**record, at::kCPU, *CopiedData());
//
// A tensor that is no leaf has a history that cannot be run, as results of MetaConverter have. Views are views of their
// base again, by the operators that made them where the device has these. Sparse tensors have the elements that their
// records name; without a source that has any, none. On devices other than the CPU sparse tensors need LibTorch's own
// operators for the device linked in. Whether a tensor is a parameter stays in its record: a C++ tensor cannot say it.
//
// Thread safety: Thread-safe.
// Lifetime: tensors are independent of records and source, but for SharedData.

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

// A tensor for each record, in order; the same one for the same id. All records must come from one describer or file. A
// device without an index is the caller's current one of its type.
//
// Errors: those of MetaConverter::MetaTensor; kInvalidArgument for records that contradict each other, for a storage that
// is too small for a tensor on it, and for sparse parts that do not fit together; those of the source and of StoragePath,
// with the storage's id.
absl::StatusOr<std::vector<at::Tensor>> Materialize(absl::Span<const MetaTensorDescPtr> records, c10::Device device,
                                                    DataSource& source);

// The same for one record.
absl::StatusOr<at::Tensor> Materialize(const MetaTensorDesc& record, c10::Device device, DataSource& source);

// The same for tensors as they are now: results of MetaConverter, or any others. CopiedData takes the copies that they
// carry, see real_data.h.
absl::StatusOr<std::vector<at::Tensor>> MaterializeTensors(absl::Span<const at::Tensor> tensors, c10::Device device,
                                                           DataSource& source);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_MATERIALIZE_H_
