#include "converter/meta_converter.h"

#include <optional>
#include <utility>

#include "converter/copying_conversion.h"
#include "converter/fresh_dispatcher_state.h"
#include "meta/torch_status.h"

namespace metaconv {
absl::StatusOr<at::Tensor> MetaConverter::Convert(const at::Tensor& tensor, const ConvertOptions& options) {
  return Count(ConvertUncounted(tensor, options));
}

absl::StatusOr<at::Tensor> MetaConverter::MetaTensor(const MetaTensorDesc& desc, const AllocationCallback& callback) {
  return Count(MetaTensorUncounted(desc, callback));
}

absl::StatusOr<at::Tensor> MetaConverter::Count(absl::StatusOr<at::Tensor> result) {
  if (result.ok()) hits_.fetch_add(1, std::memory_order_relaxed);
  if (absl::IsUnimplemented(result.status())) misses_.fetch_add(1, std::memory_order_relaxed);
  return result;
}

absl::StatusOr<at::Tensor> MetaConverter::ConvertUncounted(const at::Tensor& tensor, const ConvertOptions& options) {
  const bool trace = options.trace && !options.source.empty();
  // Note [Converting again]
  // The reference describes a tensor anew each time and then finds its result by the id. The id is all that matters for
  // it, so where there is a result we do not describe. A gradient that came up since takes its id when it is first
  // seen.
  if (tensor.defined() && !trace) {
    if (const std::optional<MetaTensorId> id = describer_.FindTensorId(tensor)) {
      if (at::Tensor memo = GetTensorMemo(*id); memo.defined()) return memo;
    }
  }
  MetaTensorDesc desc;
  if (absl::Status status = describer_.DescribeTensorInto(tensor, {.trace = trace, .facts = options.facts}, desc);
      !status.ok()) {
    return status;
  }
  if (trace) {
    describer_.Trace("describe_source",
                     {{"describer_id", describer_.id()}, {"id", desc.id}, {"source", options.source}});
  }
  return MetaTensorUncounted(desc, options.callback);
}

absl::StatusOr<at::Tensor> MetaConverter::MetaTensorUncounted(const MetaTensorDesc& desc,
                                                              const AllocationCallback& callback) {
  const FreshDispatcherState fresh;
  if (copies_data_) return CopyingConversion(memo_, callback, fake_).Convert(desc);
  return MemoConversion(memo_, callback, fake_).Convert(desc);
}

absl::StatusOr<c10::Storage> MetaConverter::MetaStorage(const MetaStorageDesc& desc, const AllocationCallback& callback,
                                                        c10::Device recorded) {
  return CatchTorch("converting a storage", [&] {
    const FreshDispatcherState fresh;
    return copies_data_ ? CopyingConversion(memo_, callback, fake_).ConvertStorage(desc, recorded)
                        : MemoConversion(memo_, callback, fake_).ConvertStorage(desc, recorded);
  });
}

at::Tensor MetaConverter::GetTensorMemo(MetaTensorId id) { return memo_.tensors.Get(id); }

c10::Storage MetaConverter::GetStorageMemo(MetaStorageId id) { return c10::Storage(memo_.storages.Get(id)); }

void MetaConverter::SetTensorMemo(MetaTensorId id, const at::Tensor& tensor) { memo_.tensors.Set(id, tensor); }

void MetaConverter::SetStorageMemo(MetaStorageId id, const c10::Storage& storage) { memo_.SetStorage(id, storage); }

}  // namespace metaconv
