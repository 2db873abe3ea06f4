// TensorRebuilder: the metadata of the tensors that calls in PyTorch's pickles construct.
//
// The functions are known by name: those of torch._utils and torch._tensor (_rebuild_tensor_v2, _rebuild_parameter, …)
// and the classes that early versions of torch.save called directly. None is executed.
//
// Example:
//   if (rebuilder.IsTensor(object)) {
//     absl::StatusOr<TensorSpec> spec = rebuilder.Rebuild(object);
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the storages.

#ifndef METACONV_CHECKPOINT_TORCH_REBUILD_H_
#define METACONV_CHECKPOINT_TORCH_REBUILD_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/torch/call_arguments.h"
#include "checkpoint/torch/storage_table.h"

namespace metaconv {

class TensorRebuilder {
 public:
  TensorRebuilder(StorageTable& storages, std::optional<c10::Device> map_location)
      : storages_(storages), map_location_(map_location) {}

  // Whether the object is a tensor that Rebuild supports. False for wrappers of tensors (DTensor, nested tensors),
  // whose shape only the code of their class knows.
  bool IsTensor(const PickleObject& object) const;

  // Errors: kDataLoss if the arguments are inconsistent or the tensor is not inside its storage.
  absl::StatusOr<TensorSpec> Rebuild(const PickleObject& object);

 private:
  using Handler = absl::StatusOr<TensorSpec> (TensorRebuilder::*)(const CallArguments&);
  struct KnownFunction;
  static const KnownFunction kFunctions[];

  static const KnownFunction* FindFunction(const PickleGlobal& callable);
  bool IsTensorCall(const PickleGlobal& callable, const PickleTuple& args, int depth) const;
  absl::StatusOr<TensorSpec> RebuildObject(const PickleObject& object);
  absl::StatusOr<TensorSpec> Call(const PickleGlobal& callable, const PickleTuple& args, std::uint64_t offset);
  absl::Status ApplyState(const PickleObject& object, const CallArguments& arguments, TensorSpec& spec);

  absl::StatusOr<TensorSpec> Tensor(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> TensorV2(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> TensorV3(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> Quantized(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> MetaWithoutStorage(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> FromCpuTensor(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> FromNumpy(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> Sparse(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> Parameter(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> Variable(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> WithClass(const CallArguments& arguments);
  absl::StatusOr<TensorSpec> EmptyOfClass(const CallArguments& arguments);

  // Arguments (storage, storage_offset, size, stride). The dtype is that of the storage, unless `dtype` is given.
  absl::StatusOr<TensorSpec> Strided(const CallArguments& arguments, std::optional<c10::ScalarType> dtype = {});
  // Puts the tensor on a new storage of the smallest size.
  absl::Status PlaceOnNewStorage(const CallArguments& arguments, TensorSpec& spec);
  absl::Status SetMetadata(const CallArguments& arguments, std::size_t i, TensorSpec& spec) const;
  absl::StatusOr<TensorSpec> Inner(const CallArguments& arguments, const PickleValue& value);
  absl::StatusOr<c10::Device> Device(const CallArguments& arguments, std::size_t i) const;

  StorageTable& storages_;
  const std::optional<c10::Device> map_location_;
  int calls_ = 0;  // Of the current tensor; see Limits::rebuild_calls.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_REBUILD_H_
