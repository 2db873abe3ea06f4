// The functions that TensorRebuilder supports. The table of their names is in rebuild.cc.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/geometry.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/sparse_spec.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/storage_location.h"
#include "checkpoint/torch/call_arguments.h"
#include "checkpoint/torch/rebuild.h"
#include "checkpoint/torch/storage_table.h"
#include "checkpoint/torch/torch_globals.h"
#include "checkpoint/torch/torch_types.h"

namespace metaconv {
namespace {

absl::Status SetRequiresGrad(const CallArguments& arguments, std::size_t i, TensorSpec& spec) {
  absl::StatusOr<bool> requires_grad = arguments.Bool(i, "requires_grad");
  if (!requires_grad.ok()) return requires_grad.status();
  spec.requires_grad = *requires_grad;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TensorSpec> TensorRebuilder::Tensor(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(4, 4); !status.ok()) return status;
  return Strided(arguments);
}

absl::StatusOr<TensorSpec> TensorRebuilder::TensorV2(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(6, 7); !status.ok()) return status;
  absl::StatusOr<TensorSpec> spec = Strided(arguments);
  if (!spec.ok()) return spec;
  if (absl::Status status = SetRequiresGrad(arguments, 4, *spec); !status.ok()) return status;
  if (absl::Status status = SetMetadata(arguments, 6, *spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::TensorV3(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(7, 8); !status.ok()) return status;
  absl::StatusOr<c10::ScalarType> dtype = arguments.Dtype(6, "dtype");
  if (!dtype.ok()) return dtype.status();
  absl::StatusOr<TensorSpec> spec = Strided(arguments, *dtype);
  if (!spec.ok()) return spec;
  if (absl::Status status = SetRequiresGrad(arguments, 4, *spec); !status.ok()) return status;
  if (absl::Status status = SetMetadata(arguments, 7, *spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Quantized(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(7, 7); !status.ok()) return status;
  absl::StatusOr<TensorSpec> spec = Strided(arguments);
  if (!spec.ok()) return spec;
  if (!c10::isQIntType(spec->dtype)) return arguments.Expected("the storage of a quantized dtype", arguments.Value(0));
  // Scales and zero points are not in a record, so they are ignored.
  absl::StatusOr<const PickleTuple*> quantizer = arguments.Tuple(4, "quantizer_params");
  if (!quantizer.ok()) return quantizer.status();
  if (absl::Status status = SetRequiresGrad(arguments, 5, *spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::MetaWithoutStorage(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(4, 4); !status.ok()) return status;
  absl::StatusOr<c10::ScalarType> dtype = arguments.Dtype(0, "dtype");
  if (!dtype.ok()) return dtype.status();
  absl::StatusOr<Sizes> size = arguments.Ints(1, "size");
  if (!size.ok()) return size.status();
  absl::StatusOr<Sizes> stride = arguments.Ints(2, "stride");
  if (!stride.ok()) return stride.status();
  absl::StatusOr<bool> requires_grad = arguments.Bool(3, "requires_grad");
  if (!requires_grad.ok()) return requires_grad.status();
  TensorSpec spec;
  spec.dtype = *dtype;
  spec.device = c10::Device(c10::DeviceType::Meta);  // map_location does not apply, since there are no bytes.
  spec.size = *std::move(size);
  spec.stride = *std::move(stride);
  spec.requires_grad = *requires_grad;
  if (absl::Status status = PlaceOnNewStorage(arguments, spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::FromCpuTensor(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(4, 4); !status.ok()) return status;
  absl::StatusOr<TensorSpec> spec = Inner(arguments, arguments.Value(0));
  if (!spec.ok()) return spec;
  absl::StatusOr<c10::ScalarType> dtype = arguments.Dtype(1, "dtype");
  if (!dtype.ok()) return dtype.status();
  absl::StatusOr<c10::Device> device = Device(arguments, 2);
  if (!device.ok()) return device.status();
  if (absl::Status status = SetRequiresGrad(arguments, 3, *spec); !status.ok()) return status;
  if (spec->dtype == *dtype && spec->device == *device) return spec;
  if (spec->layout != c10::Layout::Strided) return arguments.Expected("a strided tensor", arguments.Value(0));
  // A copy keeps the strides if the tensor has no gaps and no overlaps; otherwise it is contiguous.
  absl::StatusOr<std::int64_t> reached = BytesReached(spec->size, spec->stride, 0, spec->dtype);
  absl::StatusOr<std::int64_t> numel = NumberOfElements(spec->size);
  absl::StatusOr<Sizes> contiguous = ContiguousStride(spec->size);
  if (!reached.ok() || !numel.ok() || !contiguous.ok()) return arguments.Located(contiguous.status());
  const std::int64_t item_size = static_cast<std::int64_t>(c10::elementSize(spec->dtype));
  if (*reached / item_size != *numel) spec->stride = *std::move(contiguous);
  spec->dtype = *dtype;
  spec->device = *device;
  if (absl::Status status = PlaceOnNewStorage(arguments, *spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::FromNumpy(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(4, 4); !status.ok()) return status;
  // The state of an array is (version, shape, dtype, is_fortran, data).
  const PickleObject* const array = As<PickleObject>(arguments.Value(0));
  const PickleTuple* const state =
      array == nullptr || array->states.size() != 1 ? nullptr : As<PickleTuple>(array->states[0]);
  if (state == nullptr || state->items.size() != 5) return arguments.Expected("a NumPy array", arguments.Value(0));
  const PickleGlobal numpy{{}, "numpy", "ndarray"};
  const CallArguments fields(numpy, *state, array->offset);
  absl::StatusOr<Sizes> size = fields.Ints(1, "shape");
  if (!size.ok()) return size.status();
  absl::StatusOr<bool> is_fortran = fields.Bool(3, "is_fortran");
  if (!is_fortran.ok()) return is_fortran.status();
  absl::StatusOr<c10::ScalarType> dtype = arguments.Dtype(1, "dtype");
  if (!dtype.ok()) return dtype.status();
  absl::StatusOr<c10::Device> device = Device(arguments, 2);
  if (!device.ok()) return device.status();
  absl::StatusOr<bool> requires_grad = arguments.Bool(3, "requires_grad");
  if (!requires_grad.ok()) return requires_grad.status();
  TensorSpec spec;
  Sizes order = *size;
  if (*is_fortran) std::reverse(order.begin(), order.end());
  absl::StatusOr<Sizes> stride = ContiguousStride(order);
  if (!stride.ok()) return arguments.Located(stride.status());
  if (*is_fortran) std::reverse(stride->begin(), stride->end());
  spec.dtype = *dtype;
  spec.device = *device;
  spec.size = *std::move(size);
  spec.stride = *std::move(stride);
  spec.requires_grad = *requires_grad;
  if (absl::Status status = PlaceOnNewStorage(arguments, spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Sparse(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(2, 2); !status.ok()) return status;
  absl::StatusOr<c10::Layout> layout = arguments.Layout(0, "layout");
  if (!layout.ok()) return layout.status();
  absl::StatusOr<const PickleTuple*> tuple = arguments.Tuple(1, "data");
  if (!tuple.ok()) return tuple.status();
  const PickleGlobal name{{}, "torch._utils", "_rebuild_sparse_tensor"};
  const CallArguments data(name, **tuple, (*tuple)->offset);
  const bool coo = *layout == c10::Layout::Sparse;
  if (!coo && *layout == c10::Layout::Strided) return arguments.Expected("a sparse layout", arguments.Value(0));
  if (absl::Status status = coo ? data.RequireCount(3, 4) : data.RequireCount(4, 4); !status.ok()) return status;
  std::vector<TensorSpec> parts;
  for (std::size_t i = 0; i < (coo ? 2u : 3u); ++i) {
    absl::StatusOr<TensorSpec> part = Inner(data, data.Value(i));
    if (!part.ok()) return part.status();
    parts.push_back(*std::move(part));
  }
  absl::StatusOr<Sizes> size = data.Ints(parts.size(), "size");
  if (!size.ok()) return size.status();
  std::optional<bool> is_coalesced;
  if (coo && data.count() == 4 && !std::holds_alternative<PickleNone>(data.Value(3))) {
    absl::StatusOr<bool> value = data.Bool(3, "is_coalesced");
    if (!value.ok()) return value.status();
    is_coalesced = *value;
  }
  absl::StatusOr<TensorSpec> spec =
      coo ? CooSpec(std::move(parts[0]), std::move(parts[1]), *std::move(size), is_coalesced)
          : CompressedSpec(*layout, std::move(parts[0]), std::move(parts[1]), std::move(parts[2]), *std::move(size));
  if (!spec.ok()) return arguments.Located(spec.status());
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Parameter(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(1, 4); !status.ok()) return status;
  absl::StatusOr<TensorSpec> spec = Inner(arguments, arguments.Value(0));
  if (!spec.ok()) return spec;
  // As in the constructor of the class, requires_grad is true by default.
  spec->requires_grad = true;
  if (arguments.count() > 1) {
    if (absl::Status status = SetRequiresGrad(arguments, 1, *spec); !status.ok()) return status;
  }
  spec->is_leaf = true;
  spec->is_parameter = true;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Variable(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(1, 1); !status.ok()) return status;
  return Inner(arguments, arguments.Value(0));
}

absl::StatusOr<TensorSpec> TensorRebuilder::WithClass(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(4, 4); !status.ok()) return status;
  const PickleGlobal* const function = GlobalOf(arguments.Value(0));
  if (function == nullptr) return arguments.Expected("a function", arguments.Value(0));
  absl::StatusOr<const PickleTuple*> args = arguments.Tuple(2, "args");
  if (!args.ok()) return args.status();
  // The class and the attributes in the state are not in a record.
  return Call(*function, **args, (*args)->offset);
}

absl::StatusOr<TensorSpec> TensorRebuilder::EmptyOfClass(const CallArguments& arguments) {
  if (absl::Status status = arguments.RequireCount(0, 0); !status.ok()) return status;
  // The state, which is applied next, sets the storage.
  TensorSpec spec;
  spec.size = {0};
  spec.stride = {1};
  if (absl::Status status = PlaceOnNewStorage(arguments, spec); !status.ok()) return status;
  return spec;
}

// --- Used by several functions. ---

absl::StatusOr<TensorSpec> TensorRebuilder::Strided(const CallArguments& arguments,
                                                    std::optional<c10::ScalarType> dtype) {
  const PicklePersistent* const persistent = As<PicklePersistent>(arguments.Value(0));
  const TypedStorage* const storage = persistent == nullptr ? nullptr : storages_.Find(persistent);
  if (storage == nullptr) return arguments.Expected("a storage", arguments.Value(0));
  absl::StatusOr<std::int64_t> storage_offset = arguments.Int(1, "storage_offset");
  if (!storage_offset.ok()) return storage_offset.status();
  absl::StatusOr<Sizes> size = arguments.Ints(2, "size");
  if (!size.ok()) return size.status();
  absl::StatusOr<Sizes> stride = arguments.Ints(3, "stride");
  if (!stride.ok()) return stride.status();
  TensorSpec spec;
  spec.dtype = dtype.value_or(storage->dtype);
  spec.size = *std::move(size);
  spec.stride = *std::move(stride);
  spec.storage_offset = *storage_offset;
  spec.storage = storage->storage;
  spec.device = storage->storage->device;
  absl::StatusOr<std::int64_t> reached = BytesReached(spec.size, spec.stride, spec.storage_offset, spec.dtype);
  if (!reached.ok()) return arguments.Located(reached.status());
  if (*reached > spec.storage->size_bytes) {
    return arguments.Located(
        absl::DataLossError(absl::StrCat("expected a tensor inside its storage of ", spec.storage->size_bytes,
                                         " bytes, found one that ends at ", *reached)));
  }
  return spec;
}

absl::Status TensorRebuilder::PlaceOnNewStorage(const CallArguments& arguments, TensorSpec& spec) {
  spec.storage_offset = 0;
  absl::StatusOr<std::int64_t> bytes = BytesReached(spec.size, spec.stride, 0, spec.dtype);
  if (!bytes.ok()) return arguments.Located(bytes.status());
  spec.storage = storages_.New(spec.device, *bytes);
  spec.storage->location.bytes = spec.device.is_meta() ? StorageBytes::kNone : StorageBytes::kComputed;
  return absl::OkStatus();
}

absl::Status TensorRebuilder::SetMetadata(const CallArguments& arguments, std::size_t i, TensorSpec& spec) const {
  const PickleValue value = arguments.Value(i);
  if (std::holds_alternative<PickleNone>(value)) return absl::OkStatus();
  const PickleDict* const metadata = As<PickleDict>(value);
  if (metadata == nullptr) return arguments.Expected("metadata as a dict", value);
  for (const auto& [key, setting] : metadata->items) {
    const std::string* const name = AsText(key);
    if (name == nullptr || (*name != "conj" && *name != "neg")) continue;
    const bool* const bit = std::get_if<bool>(&setting);
    if (bit == nullptr) return arguments.Expected("the flags in metadata as bools", setting);
    (*name == "conj" ? spec.is_conj : spec.is_neg) = *bit;
  }
  if (spec.is_conj && !c10::isComplexType(spec.dtype)) {
    return arguments.Located(absl::DataLossError("expected a complex dtype for a tensor with the conjugate bit"));
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorSpec> TensorRebuilder::Inner(const CallArguments& arguments, const PickleValue& value) {
  if (const PicklePersistent* const persistent = As<PicklePersistent>(value)) {
    if (const TensorSpec* const tensor = storages_.FindTensor(persistent)) return *tensor;
  }
  const PickleObject* const object = As<PickleObject>(value);
  if (object == nullptr || !IsTensor(*object)) return arguments.Expected("a tensor", value);
  return RebuildObject(*object);
}

absl::StatusOr<c10::Device> TensorRebuilder::Device(const CallArguments& arguments, std::size_t i) const {
  if (map_location_.has_value()) return *map_location_;
  const PickleValue value = arguments.Value(i);
  std::string text;
  if (const std::string* const location = AsText(value)) {
    text = *location;
  } else if (const PickleObject* const object = As<PickleObject>(value)) {
    // torch.device(type[, index])
    const PickleGlobal* const global = GlobalOf(object->callable);
    const std::vector<PickleValue>& args = object->args->items;
    if (global != nullptr && Is(*global, "torch", "device") && !args.empty() && AsText(args[0]) != nullptr) {
      text = *AsText(args[0]);
      if (args.size() > 1) absl::StrAppend(&text, ":", KeyText(args[1]));
    }
  }
  const std::optional<c10::Device> device = ParseDevice(text);
  if (!device.has_value()) return arguments.Expected("a device", value);
  return *device;
}

}  // namespace metaconv
