#include "converter/memo_conversion.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/EmptyTensor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/InferenceMode.h"
#include "describer/disable_inference_mode.h"
#include "kinds/check_record.h"
#include "kinds/functorch.h"
#include "kinds/kind.h"
#include "kinds/resize_storage.h"
#include "meta/assert_metadata_eq.h"
#include "meta/python_repr.h"
#include "meta/same_value.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

// Plain integers, the common case, use LibTorch's function without symbolic integers.
at::Tensor EmptyStrided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride, c10::ScalarType dtype) {
  const auto plain_size = c10::asIntArrayRefSlowOpt(size);
  const auto plain_stride = c10::asIntArrayRefSlowOpt(stride);
  if (plain_size.has_value() && plain_stride.has_value()) {
    return at::detail::empty_strided_meta(*plain_size, *plain_stride, dtype);
  }
  return at::detail::empty_strided_symint_meta(size, stride, dtype);
}

// Storage sizes are compared only if both are plain: comparing a symbolic one would add a guard. For plain integers, the
// common case, the optional value of maybe_as_int() is avoided: copying it costs as much as the rest of PutOnStorage.
bool IsPlain(const c10::SymInt& value, std::int64_t expected) {
  if (!value.is_heap_allocated()) return value.as_int_unchecked() == expected;
  return value.maybe_as_int() == expected;
}

bool IsSmaller(const c10::SymInt& a, const c10::SymInt& b) {
  if (!a.is_heap_allocated() && !b.is_heap_allocated()) return a.as_int_unchecked() < b.as_int_unchecked();
  const std::optional<std::int64_t> plain_a = a.maybe_as_int();
  const std::optional<std::int64_t> plain_b = b.maybe_as_int();
  return plain_a.has_value() && plain_b.has_value() && *plain_a < *plain_b;
}

// The storage of a tensor may have been resized to 0 bytes; the storage of its result then has 0 bytes too.
absl::Status EmptyIfRecordIsEmpty(const MetaStorageDesc& desc, const c10::Storage& storage) {
  if (!IsPlain(desc.size, 0) || IsPlain(storage.sym_nbytes(), 0)) return absl::OkStatus();
  return ResizeStorage(storage, 0);
}

// A source may extend beyond its storage, if the storage was made smaller after the tensor. On meta the result may do
// so too. A result with memory may do so only if its storage is empty, as the source's is: any access then fails.
absl::Status CheckWithin(const MetaTensorDesc& desc, const c10::Storage& storage) {
  if (storage.device_type() == c10::DeviceType::Meta || IsPlain(desc.storage->size, 0)) return absl::OkStatus();
  return CheckWithinStorage(desc, storage.sym_nbytes());
}

// LibTorch sets these bits on any tensor, but on tensors without strides this leads to infinite recursion later.
absl::Status SetBits(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  if (tensor.is_conj() == desc.is_conj && tensor.is_neg() == desc.is_neg) return absl::OkStatus();
  const char* field = tensor.is_conj() != desc.is_conj ? "is_conj" : "is_neg";
  if (tensor.layout() != c10::kStrided || tensor.is_nested()) {
    return Malformed(desc, field, "false for a tensor without strides", "true");
  }
  if (desc.is_conj && !tensor.is_complex()) {
    return Malformed(desc, "is_conj", absl::StrCat("false for ", PythonRepr(tensor.scalar_type())), "true");
  }
  tensor._set_conj(desc.is_conj);
  tensor._set_neg(desc.is_neg);
  return absl::OkStatus();
}

// The error for an allocation without a storage where one is required. Only an allocation callback can cause it.
absl::Status NoStorage() {
  return absl::InvalidArgumentError("allocation callback: expected a tensor with a storage, found one without");
}

// Whether the record has records of inner tensors. The result then consists of their results, which determine its layout
// and device.
bool HasInnerRecords(const MetaTensorDesc& desc) {
  return desc.functorch().unwrapped != nullptr || desc.wrapper().attrs.has_value();
}

}  // namespace

absl::StatusOr<at::Tensor> MemoConversion::Convert(const MetaTensorDesc& desc) {
  absl::StatusOr<TensorMemo::Build> build = memo_.tensors.GetOrStartBuild(desc.id);
  if (!build.ok()) return build.status();
  if (build->result().defined()) return build->result();
  absl::StatusOr<at::Tensor> tensor = Nested(desc, [&] { return BuildWhole(desc); });
  if (tensor.ok()) return build->Finish(*std::move(tensor));
  // Another thread may have built the result concurrently (see TensorMemo), from an older record of a nested tensor,
  // and finished first. Its result is used then.
  if (at::Tensor other = memo_.tensors.Get(desc.id); other.defined()) return other;
  return tensor;
}

absl::StatusOr<at::Tensor> MemoConversion::ConvertUnseen(const MetaTensorDesc& desc) {
  if (!IsBuiltAlone(desc)) return Convert(desc);
  absl::StatusOr<at::Tensor> tensor = BuildAlone(desc);
  if (!tensor.ok()) return tensor;
  return memo_.tensors.GetOrSet(desc.id, *std::move(tensor));
}

void MemoConversion::ConvertUnseen(const MetaTensorDesc& desc, std::size_t index, NewResults& results) {
  if (!IsBuiltAlone(desc)) {
    results.Store();  // Building may need one of them.
    return results.Set(index, Convert(desc));
  }
  absl::StatusOr<at::Tensor> built = BuildAlone(desc);
  if (!built.ok()) return results.Set(index, std::move(built));
  results.Add(index, desc.id, *std::move(built));
}

void MemoConversion::ConvertMany(absl::Span<const MetaTensorDesc* const> descs,
                                 absl::Span<absl::StatusOr<at::Tensor>> results) {
  constexpr std::size_t kBlock = 64;  // A block of records and results fits into the processor's fastest caches.
  if (callback_) {                    // It may change the memo.
    for (std::size_t i = 0; i < descs.size(); ++i) results[i] = Convert(*descs[i]);
    return;
  }
  for (std::size_t begin = 0; begin < descs.size(); begin += kBlock) {
    ConvertBlock(descs.subspan(begin, kBlock), results.subspan(begin, kBlock));
  }
}

void MemoConversion::ConvertBlock(absl::Span<const MetaTensorDesc* const> descs,
                                  absl::Span<absl::StatusOr<at::Tensor>> results) {
  std::vector<MetaTensorId> ids;
  ids.reserve(descs.size());
  for (const MetaTensorDesc* desc : descs) ids.push_back(desc->id);
  std::vector<std::optional<at::Tensor>> existing = memo_.tensors.GetUnlessBuilding(ids);
  NewResults built(memo_.tensors, results);
  for (std::size_t i = 0; i < descs.size(); ++i) {
    if (!existing[i].has_value()) {
      built.Set(i, Convert(*descs[i]));  // Another thread is building it.
    } else if (existing[i]->defined()) {
      built.Set(i, *std::move(existing[i]));
    } else {
      ConvertUnseen(*descs[i], i, built);
    }
  }
  built.Store();
}

// Building most tensors needs no other result and calls no callback. If two threads build such a tensor at the same
// time, one result is dropped and no one has seen it, so the threads need not wait for each other.
bool MemoConversion::IsBuiltAlone(const MetaTensorDesc& desc) const {
  return !callback_ && desc.grad() == nullptr && KindOf(desc).is_built_alone;
}

absl::StatusOr<at::Tensor> MemoConversion::BuildAlone(const MetaTensorDesc& desc) {
  return Nested(desc, [&] { return BuildWhole(desc); });
}

absl::StatusOr<at::Tensor> MemoConversion::Build(const MetaTensorDesc& desc) {
  return Nested(desc, [&] { return BuildOfKind(desc); });
}

// Every nested conversion goes through this function, so it counts the depth.
absl::StatusOr<at::Tensor> MemoConversion::Nested(const MetaTensorDesc& desc,
                                                  absl::FunctionRef<absl::StatusOr<at::Tensor>()> build) {
  if (depth_ == kMaxDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", desc.id, ": expected records nested at most ", kMaxDepth, " deep, found more"));
  }
  ++depth_;
  absl::StatusOr<at::Tensor> tensor = CatchTorch("converting a record", build);
  --depth_;
  return tensor;
}

absl::StatusOr<at::Tensor> MemoConversion::BuildOfKind(const MetaTensorDesc& desc) {
  const TensorKind& kind = KindOf(desc);
  if (!kind.is_supported()) {
    return absl::UnimplementedError(
        absl::StrCat("record ", desc.id, ": tensors of kind '", kind.name, "' are not supported"));
  }
  if (!HasInnerRecords(desc)) {
    if (absl::Status status = CheckLayout(desc); !status.ok()) return status;
  }
  // The InferenceMode guard costs more than checking whether it is needed.
  std::optional<c10::InferenceMode> inference;
  if (c10::InferenceMode::is_enabled() != desc.is_inference) inference.emplace(desc.is_inference);
  absl::StatusOr<at::Tensor> tensor = kind.build(*this, desc);
  if (!tensor.ok()) return tensor;
  if (absl::Status status = MakeFake(desc, *tensor); !status.ok()) return status;
  if (absl::Status status = OnBuilt(desc, *tensor); !status.ok()) return status;
  return tensor;
}

absl::StatusOr<at::Tensor> MemoConversion::BuildWhole(const MetaTensorDesc& desc) {
  absl::StatusOr<at::Tensor> tensor = BuildOfKind(desc);
  if (!tensor.ok()) return tensor;
  if (desc.grad() != nullptr) {
    absl::StatusOr<at::Tensor> grad = Convert(*desc.grad());
    if (!grad.ok()) return grad;
    tensor->mutable_grad() = *std::move(grad);
  }
  if (absl::Status status = SetBits(desc, *tensor); !status.ok()) return status;
  const AssertMetadataEqOptions options = {
      .skip_leaf = desc.functorch().is_gradtrackingtensor && desc.functorch().level == kDeadLevel,
      .inference_mode_hidden = DisableInferenceModeForFakeProp::IsActive(),
  };
  absl::Status status = AssertMetadataEq(desc, *tensor, options);
  if (status.ok()) return tensor;
  if (!absl::IsInternal(status)) return status;
  // The results of the other records were checked already, so a mismatch here means that this record is inconsistent
  // with them. The layout of mkldnn tensors is determined by mkldnn only.
  return HasInnerRecords(desc) || desc.is_view || desc.extras->is_mkldnn ? absl::InvalidArgumentError(status.message())
                                                                         : status;
}

// A wrapper takes its device from the wrapped tensor.
absl::Status MemoConversion::MakeFake(const MetaTensorDesc& desc, const at::Tensor& tensor) const {
  if (!fake_) return absl::OkStatus();
  at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  if (impl->is_fake() || !impl->is_meta() || HasInnerRecords(desc)) return absl::OkStatus();
  if (desc.device.is_meta()) {
    return absl::UnimplementedError(
        absl::StrCat("record ", desc.id, ": device: fake tensors of the meta device are not supported"));
  }
  // A device without an index means the first one. The CPU device has no index.
  const bool is_indexed = desc.device.has_index() || desc.device.is_cpu();
  impl->set_fake_device(is_indexed ? desc.device : c10::Device(desc.device.type(), 0));
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> MemoConversion::Allocate(AllocationMaker make, c10::Device recorded) {
  if (!callback_) return make();
  at::Tensor tensor = callback_(make, recorded);
  if (!tensor.defined()) return absl::InvalidArgumentError("allocation callback: expected a tensor, found none");
  if (!tensor.is_leaf() || tensor.requires_grad()) {
    return absl::InvalidArgumentError(
        "allocation callback: expected a leaf that does not require grad, found one with autograd history");
  }
  return tensor;
}

absl::StatusOr<at::Tensor> MemoConversion::AllocateStrided(const MetaTensorDesc& desc) {
  return Allocate([&] { return EmptyStrided(desc.size, *desc.stride, desc.dtype); }, desc.device);
}

absl::StatusOr<c10::Storage> MemoConversion::ConvertStorage(const MetaStorageDesc& desc, c10::Device recorded) {
  if (absl::Status status = CheckStorageRecord(desc); !status.ok()) return status;
  absl::StatusOr<c10::Storage> storage = c10::Storage(memo_.storages.Get(desc.id));
  if (!*storage) storage = NewStorage(desc, recorded);
  if (!storage.ok()) return storage;
  if (absl::Status status = OnStorage(desc, *storage); !status.ok()) return status;
  return storage;
}

absl::StatusOr<c10::Storage> MemoConversion::NewStorage(const MetaStorageDesc& desc, c10::Device recorded) {
  absl::StatusOr<at::Tensor> bytes =
      Allocate([&] { return EmptyStrided(desc.size, c10::SymInt(1), c10::kByte); }, recorded);
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_storage()) return NoStorage();
  absl::StatusOr<c10::Storage> shared = Share(desc, bytes->storage());
  return shared.ok() && !*shared ? bytes->storage() : shared;
}

absl::StatusOr<c10::Storage> MemoConversion::Share(const MetaStorageDesc& desc, const c10::Storage& fresh) {
  if (absl::Status status = OnNewStorage(desc, fresh); !status.ok()) return status;
  return c10::Storage(memo_.storages.GetOrSet(desc.id, *fresh.unsafeGetStorageImpl()));
}

absl::StatusOr<at::Tensor> MemoConversion::AllocateWrapped(const MetaTensorDesc& desc) {
  absl::StatusOr<at::Tensor> tensor = AllocateStrided(desc);
  if (!tensor.ok()) return tensor;
  if (absl::Status status = MakeFake(desc, *tensor); !status.ok()) return status;
  return tensor;
}

// Whether the allocation has the requested strides and offset. A callback may return a tensor with others.
bool MemoConversion::IsAsAskedFor(const MetaTensorDesc& desc, const at::Tensor& tensor) const {
  if (!callback_) return true;
  return SameValue(*desc.stride, tensor.sym_strides()) && IsPlain(tensor.sym_storage_offset(), 0);
}

absl::Status MemoConversion::PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  if (!tensor.has_storage()) return NoStorage();
  if (IsPlain(desc.storage_offset, 0) && IsAsAskedFor(desc, tensor)) {
    const MetaStorageDesc& wanted = *desc.storage;
    const c10::Storage& own = tensor.storage();
    // Two corrections before other threads can access the storage. The tensor may cover only a part of the source's
    // storage …
    if (!IsPlain(wanted.size, 0) && IsSmaller(own.sym_nbytes(), wanted.size)) {
      if (absl::Status status = ResizeStorage(own, wanted.size); !status.ok()) return status;
    }
    // … or its size may exceed an empty storage.
    if (absl::Status status = EmptyIfRecordIsEmpty(wanted, own); !status.ok()) return status;
    const absl::StatusOr<c10::Storage> shared = Share(wanted, own);
    if (!shared.ok()) return shared.status();
    if (!*shared) return OnStorage(wanted, own);
  }
  return MoveToStorage(desc, tensor);
}

// Note [Moving to a storage]
// The reference calls set_, which goes through the dispatcher, increments the version counter and grows the storage if
// it is too small. Here the tensor is new and the storage is as its record says, so these effects would have to be
// undone. As in set_, the devices of the two storages must be equal. The device of the tensor is not compared: a fake
// tensor reports the device of its source, and its storage is on meta.
absl::Status MemoConversion::MoveToStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  absl::StatusOr<c10::Storage> storage = ConvertStorage(*desc.storage, desc.device);
  if (!storage.ok()) return storage.status();
  if (const c10::Device own = tensor.storage().device(); own != storage->device()) {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", desc.id, ": expected an allocation on ", PythonRepr(storage->device()),
                     ", the device of the storage it shares, found one on ", PythonRepr(own)));
  }
  return LayOut(desc, tensor, *std::move(storage));
}

absl::Status MemoConversion::LayOut(const MetaTensorDesc& desc, const at::Tensor& tensor, c10::Storage storage) {
  if (absl::Status status = EmptyIfRecordIsEmpty(*desc.storage, storage); !status.ok()) return status;
  if (absl::Status status = CheckWithin(desc, storage); !status.ok()) return status;
  c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  impl->set_storage_keep_dtype(std::move(storage));
  impl->set_sizes_and_strides(desc.size, *desc.stride, desc.storage_offset);
  return absl::OkStatus();
}

}  // namespace metaconv
