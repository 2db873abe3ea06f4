// Materialize: creates real tensors from records or from tensors without data.
//
// The tensors have the shape, strides, dtype, aliasing, views, gradients and requires_grad of their records. Pass all
// tensors of a model in one call: tensors that share a storage then share one again, each storage is allocated and
// filled once, and if an error occurs no tensor is returned.
//
// Example:
//   MetaTensorDescriber describer({.copy_data = true});
//   absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(weight);
//   absl::StatusOr<at::Tensor> copy = Materialize(**record, at::kCPU, *CopiedData());
//
// Example, a model on several devices, with a progress bar and a stop button:
//   std::vector<PlacedRecord> placed;
//   for (const NamedTensor& tensor : file.checkpoint().tensors) placed.push_back({tensor.desc, DeviceOf(tensor.name)});
//   const LoadControl control = {.progress = [&](std::int64_t done, std::int64_t total) { bar.Show(done, total); },
//                                .stop = button.get_token()};
//   absl::StatusOr<std::vector<at::Tensor>> tensors = Materialize(placed, *CheckpointData(file), control);
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
#include "converter/storage_path.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// A record, and the device on which to create its tensor. The base, the gradient and the parts of the tensor are on the
// same device.
struct PlacedRecord {
  MetaTensorDescPtr record;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
};

// A tensor, and the device on which to create the real one.
struct PlacedTensor {
  at::Tensor tensor;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
};

// Returns a tensor for each record, in order; records with the same id get the same tensor. All records must come from
// one describer or one file. A device without an index means the caller's current device of that type.
//
// Progress is that of the source: see data_source.h and checkpoint_data.h. A stop is checked where the source reports
// progress, and before each tensor is created.
//
// Errors: those of MetaConverter::MetaTensor; kInvalidArgument for inconsistent records, for a storage that is too
// small for a tensor on it, for parts of sparse tensors that do not match, and if records with different devices need
// the same storage or the same nested record; kCancelled after a stop; those of the source and of StoragePath, with the
// storage's id.
absl::StatusOr<std::vector<at::Tensor>> Materialize(absl::Span<const PlacedRecord> records, DataSource& source,
                                                    const LoadControl& control = {});

// As above, all on one device.
absl::StatusOr<std::vector<at::Tensor>> Materialize(absl::Span<const MetaTensorDescPtr> records, c10::Device device,
                                                    DataSource& source, const LoadControl& control = {});

// As above, for one record.
absl::StatusOr<at::Tensor> Materialize(const MetaTensorDesc& record, c10::Device device, DataSource& source,
                                       const LoadControl& control = {});

// As above, for the current state of tensors: results of MetaConverter, or any others. With CopiedData, results with a
// copy of their data (see real_data.h) are created from that copy.
absl::StatusOr<std::vector<at::Tensor>> MaterializeTensors(absl::Span<const PlacedTensor> tensors, DataSource& source,
                                                           const LoadControl& control = {});
absl::StatusOr<std::vector<at::Tensor>> MaterializeTensors(absl::Span<const at::Tensor> tensors, c10::Device device,
                                                           DataSource& source, const LoadControl& control = {});

}  // namespace metaconv

#endif  // METACONV_CONVERTER_MATERIALIZE_H_
