#include "converter/meta_converter.h"

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "converter/copying_conversion.h"
#include "converter/fresh_dispatcher_state.h"
#include "kinds/kind.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"
#include "nlohmann/json.hpp"

namespace metaconv {

absl::StatusOr<at::Tensor> MetaConverter::Convert(const at::Tensor& tensor, const ConvertOptions& options) {
  return Count(ConvertUncounted(tensor, options));
}

std::vector<absl::StatusOr<at::Tensor>> MetaConverter::Convert(absl::Span<const at::Tensor> tensors,
                                                               const ConvertOptions& options) {
  std::vector<absl::StatusOr<at::Tensor>> results;
  results.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) results.push_back(Convert(tensor, options));
  return results;
}

absl::StatusOr<std::vector<at::Tensor>> MetaConverter::ConvertAll(absl::Span<const at::Tensor> tensors,
                                                                  const ConvertOptions& options) {
  std::vector<at::Tensor> results;
  results.reserve(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    absl::StatusOr<at::Tensor> result = Convert(tensors[i], options);
    if (!result.ok()) return WithContext(absl::StrCat("tensor ", i), result.status());
    results.push_back(*std::move(result));
  }
  return results;
}

std::vector<absl::StatusOr<at::Tensor>> MetaConverter::MetaTensors(absl::Span<const MetaTensorDescPtr> descs,
                                                                   const AllocationCallback& callback) {
  std::vector<absl::StatusOr<at::Tensor>> results;
  results.reserve(descs.size());
  for (const MetaTensorDescPtr& desc : descs) results.push_back(MetaTensor(*desc, callback));
  return results;
}

absl::StatusOr<at::Tensor> MetaConverter::MetaTensor(const MetaTensorDesc& desc, const AllocationCallback& callback) {
  return Count(MetaTensorUncounted(desc, callback));
}

absl::StatusOr<at::Tensor> MetaConverter::Count(absl::StatusOr<at::Tensor> result) {
  if (result.ok()) {
    hits_.Increment();
  } else if (absl::IsUnimplemented(result.status())) {
    misses_.Increment();
  }
  return result;
}

// Calls use(conversion) with a new conversion of this converter, in a fresh dispatcher state.
template <typename Use>
std::invoke_result_t<Use, MemoConversion&> MetaConverter::WithConversion(const AllocationCallback& callback,
                                                                         Use&& use) {
  const FreshDispatcherState fresh;
  if (copies_data_) {
    CopyingConversion conversion(memo_, callback, fake_);
    return use(conversion);
  }
  MemoConversion conversion(memo_, callback, fake_);
  return use(conversion);
}

absl::StatusOr<at::Tensor> MetaConverter::ConvertUncounted(const at::Tensor& tensor, const ConvertOptions& options) {
  const bool trace = options.trace && !options.source.empty();
  // Note [Repeated conversions]
  // The reference describes a tensor each time and then looks up its result by id. Only the id is needed for that, so
  // if there is a result we do not describe the tensor again. A gradient that was added since the first conversion gets
  // its id when it is first described.
  bool is_unseen = !trace;
  // A view of a sparse tensor may have a result as the gradient of another tensor, and is still not converted itself.
  const bool is_unsupported = tensor.defined() && tensor.is_view() && KindOf(tensor).only_nested;
  if (tensor.defined() && !trace && !is_unsupported) {
    if (const std::optional<MetaTensorId> id = describer_.FindTensorId(tensor)) {
      std::optional<at::Tensor> memo = memo_.tensors.GetUnlessBuilding(*id);
      if (memo.has_value() && memo->defined()) return *std::move(memo);
      is_unseen = memo.has_value();
    }
  }
  MomentaryRecord record;
  if (absl::Status status = describer_.DescribeTensorInto(tensor, {.trace = trace, .facts = options.facts}, record);
      !status.ok()) {
    return status;
  }
  if (trace) {
    describer_.Trace("describe_source",
                     {{"describer_id", describer_.id()}, {"id", record.desc.id}, {"source", options.source}});
  }
  return WithConversion(options.callback, [&](MemoConversion& conversion) {
    return is_unseen ? conversion.ConvertUnseen(record.desc) : conversion.Convert(record.desc);
  });
}

absl::StatusOr<at::Tensor> MetaConverter::MetaTensorUncounted(const MetaTensorDesc& desc,
                                                              const AllocationCallback& callback) {
  return WithConversion(callback, [&](MemoConversion& conversion) { return conversion.Convert(desc); });
}

absl::StatusOr<c10::Storage> MetaConverter::MetaStorage(const MetaStorageDesc& desc, const AllocationCallback& callback,
                                                        c10::Device recorded) {
  return CatchTorch("converting a storage", [&] {
    return WithConversion(callback,
                          [&](MemoConversion& conversion) { return conversion.ConvertStorage(desc, recorded); });
  });
}

void MetaConverter::Sweep() {
  memo_.tensors.Sweep();
  memo_.storages.Sweep();
  describer_.Sweep();
}

std::int64_t MetaConverter::table_lookups() const {
  return memo_.tensors.lookups() + memo_.storages.lookups() + describer_.table_lookups();
}

at::Tensor MetaConverter::GetTensorMemo(MetaTensorId id) { return memo_.tensors.Get(id); }

c10::Storage MetaConverter::GetStorageMemo(MetaStorageId id) { return c10::Storage(memo_.storages.Get(id)); }

void MetaConverter::SetTensorMemo(MetaTensorId id, const at::Tensor& tensor) { memo_.tensors.Set(id, tensor); }

void MetaConverter::SetStorageMemo(MetaStorageId id, const c10::Storage& storage) { memo_.SetStorage(id, storage); }

void MetaConverter::ForEachTensorMemo(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit) {
  memo_.tensors.ForEach(visit);
}

void MetaConverter::ForEachStorageMemo(absl::FunctionRef<void(MetaStorageId id, const c10::Storage& storage)> visit) {
  memo_.storages.ForEach(
      [&](MetaStorageId id, const c10::intrusive_ptr<c10::StorageImpl>& storage) { visit(id, c10::Storage(storage)); });
}

}  // namespace metaconv
