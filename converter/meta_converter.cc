#include "converter/meta_converter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "converter/copying_conversion.h"
#include "converter/fresh_dispatcher_state.h"
#include "converter/new_results.h"
#include "describer/identity.h"
#include "describer/known_ids.h"
#include "kinds/kind.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

bool IsTraced(const ConvertOptions& options) { return options.trace && !options.source.empty(); }

// A view of a sparse tensor may have a result as the gradient of another tensor, and is still not converted itself.
bool IsOnlyNested(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->autograd_meta() != nullptr && tensor.is_view() && KindOf(tensor).only_nested;
}

}  // namespace

absl::StatusOr<at::Tensor> MetaConverter::Convert(const at::Tensor& tensor, const ConvertOptions& options) {
  return Count(ConvertUncounted(tensor, options));
}

std::vector<absl::StatusOr<at::Tensor>> MetaConverter::Convert(absl::Span<const at::Tensor> tensors,
                                                               const ConvertOptions& options) {
  std::vector<absl::StatusOr<at::Tensor>> results;
  results.reserve(tensors.size());
  while (!tensors.empty()) {
    const absl::Span<const at::Tensor> block = tensors.first(std::min(tensors.size(), KnownIds::kMostTensors));
    ConvertBlock(block, options, results);
    tensors.remove_prefix(block.size());
  }
  return results;
}

absl::StatusOr<std::vector<at::Tensor>> MetaConverter::ConvertAll(absl::Span<const at::Tensor> tensors,
                                                                  const ConvertOptions& options) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const absl::Status status = describer_.CheckDescribable(tensors[i]);
    if (absl::IsUnimplemented(status)) misses_.Increment();
    if (!status.ok()) return WithContext(absl::StrCat("tensor ", i), status);
  }
  std::vector<at::Tensor> all;
  all.reserve(tensors.size());
  std::vector<absl::StatusOr<at::Tensor>> results;
  while (!tensors.empty()) {
    const absl::Span<const at::Tensor> block = tensors.first(std::min(tensors.size(), KnownIds::kMostTensors));
    results.clear();
    ConvertBlock(block, options, results);
    for (absl::StatusOr<at::Tensor>& result : results) {
      if (!result.ok()) return WithContext(absl::StrCat("tensor ", all.size()), result.status());
      all.push_back(*std::move(result));
    }
    tensors.remove_prefix(block.size());
  }
  return all;
}

// Appends the results of at most KnownIds::kMostTensors tensors to `results`. First takes those that exist; the others
// are described and converted in runs of neighbours. See Note [Repeated conversions].
void MetaConverter::ConvertBlock(absl::Span<const at::Tensor> tensors, const ConvertOptions& options,
                                 std::vector<absl::StatusOr<at::Tensor>>& results) {
  // A callback may use the converter or change tensors, so no id may be assigned ahead. Tensors are described in the
  // caller's dispatcher state and converted in a fresh one: if both are the same, a run needs one conversion only.
  const bool is_simple = !options.callback && !IsTraced(options) && options.facts.empty() && !copies_data_ &&
                         FreshDispatcherState::IsFresh();
  if (!is_simple) {
    for (const at::Tensor& tensor : tensors) results.push_back(Convert(tensor, options));
    return;
  }
  const std::size_t begin = results.size();
  results.resize(begin + tensors.size(), at::Tensor());
  const absl::Span<absl::StatusOr<at::Tensor>> block = absl::MakeSpan(results).subspan(begin);
  TakeExisting(tensors, block);
  const auto is_missing = [&](std::size_t i) { return !block[i]->defined(); };
  KnownIds known;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!is_missing(i)) continue;
    std::size_t end = i + 1;
    while (end < tensors.size() && is_missing(end)) ++end;
    ConvertRun(tensors.subspan(i, end - i), options, known, block.subspan(i, end - i));
    i = end;
  }
  CountAll(block);
}

// Sets `results` to the results that exist, and to undefined tensors otherwise.
void MetaConverter::TakeExisting(absl::Span<const at::Tensor> tensors, absl::Span<absl::StatusOr<at::Tensor>> results) {
  std::array<MetaTensorId, KnownIds::kMostTensors> space;
  const absl::Span<MetaTensorId> ids = absl::MakeSpan(space).first(tensors.size());
  describer_.FindTensorIds(tensors, ids);
  // Moves the ids that were found to the front; `found[i]` is the index of the tensor of ids[i].
  std::array<std::size_t, KnownIds::kMostTensors> found;
  std::size_t count = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (ids[i] == Identity::kNoId) continue;
    found[count] = i;
    ids[count++] = ids[i];
  }
  if (count == 0) return;
  std::vector<std::optional<at::Tensor>> existing = memo_.tensors.GetUnlessBuilding(ids.first(count));
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_usable = existing[i].has_value() && existing[i]->defined() && !IsOnlyNested(tensors[found[i]]);
    if (is_usable) results[found[i]] = *std::move(existing[i]);
  }
}

// Converts tensors that had no result. `results` are undefined tensors.
void MetaConverter::ConvertRun(absl::Span<const at::Tensor> tensors, const ConvertOptions& options, KnownIds& known,
                               absl::Span<absl::StatusOr<at::Tensor>> results) {
  NewResults built(memo_.tensors, results);
  MemoConversion conversion(memo_, options.callback, fake_);
  std::size_t done = 0;
  while (done < tensors.size()) {
    known.Clear();
    const std::size_t end = done + known.AddLeading(tensors.subspan(done));
    describer_.Identify(known);
    for (; done < end; ++done) {
      MomentaryRecord record;
      if (absl::Status status = describer_.DescribeTensorInto(tensors[done], {}, record, &known); !status.ok()) {
        built.Set(done, status);
        continue;
      }
      conversion.ConvertUnseen(record.desc, done, built);
    }
    built.Store();
    if (done == tensors.size()) return;
    built.Set(done, ConvertUncounted(tensors[done], options));  // Not simple: see known_ids.h.
    ++done;
  }
}

std::vector<absl::StatusOr<at::Tensor>> MetaConverter::MetaTensors(absl::Span<const MetaTensorDescPtr> descs,
                                                                   const AllocationCallback& callback) {
  std::vector<const MetaTensorDesc*> pointers;
  pointers.reserve(descs.size());
  for (const MetaTensorDescPtr& desc : descs) pointers.push_back(desc.get());
  std::vector<absl::StatusOr<at::Tensor>> results(descs.size(), at::Tensor());
  WithConversion(callback,
                 [&](MemoConversion& conversion) { conversion.ConvertMany(pointers, absl::MakeSpan(results)); });
  CountAll(results);
  return results;
}

absl::StatusOr<at::Tensor> MetaConverter::MetaTensor(const MetaTensorDesc& desc, const AllocationCallback& callback) {
  return Count(MetaTensorUncounted(desc, callback));
}

absl::StatusOr<at::Tensor> MetaConverter::Count(absl::StatusOr<at::Tensor> result) {
  CountAll(absl::MakeConstSpan(&result, 1));
  return result;
}

void MetaConverter::CountAll(absl::Span<const absl::StatusOr<at::Tensor>> results) {
  std::int64_t hits = 0;
  for (const absl::StatusOr<at::Tensor>& result : results) {
    if (result.ok()) {
      ++hits;
    } else if (absl::IsUnimplemented(result.status())) {
      misses_.Increment();
    }
  }
  hits_.Add(hits);
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
  const bool trace = IsTraced(options);
  // Note [Repeated conversions]
  // The reference describes a tensor each time and then looks up its result by id. Only the id is needed for that, so
  // if there is a result we do not describe the tensor again. A gradient that was added since the first conversion gets
  // its id when it is first described.
  bool is_unseen = !trace;
  if (tensor.defined() && !trace && !IsOnlyNested(tensor)) {
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
