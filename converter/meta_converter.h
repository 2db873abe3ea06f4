// MetaConverter: converts tensors, or records, to tensors without data.
//
// Results are on the meta device and have the shape, strides, dtype, aliasing, view and autograd structure of their
// sources. Converting the same source again returns the same result object as long as the result is alive; sources that
// share memory have results that share memory; the result of a view is a view of its base's result.
//
// If `copy_data` is set in the describer's options, each result has a copy of its source's bytes, which real_data.h
// returns. To create real tensors from a record, use materialize.h instead.
//
// Example:
//   MetaConverter converter;
//   absl::StatusOr<at::Tensor> weight = converter.Convert(model.weight);
//   absl::StatusOr<at::Tensor> tied = converter.Convert(model.tied_weight);
//   weight->storage().is_alias_of(tied->storage());   // true, as for the sources
//
// or from records only, which another process may have made:
//   absl::StatusOr<at::Tensor> weight = converter.MetaTensor(*desc);
//
// The result of a non-leaf is a non-leaf, and its backward pass raises an error. Each result is checked against its
// record before it is returned. kinds/kinds.cc lists the supported kinds of tensors; for your own wrapper types see
// kinds/wrapper_type.h.
//
// Thread safety: Thread-safe. Any number of threads may convert with one converter, and each source still has one
// result. No lock is held while LibTorch or a callback runs. A failed conversion changes nothing; the next call tries
// again.
// Lifetime: keeps neither sources nor results alive. Results are independent of the converter.
// Source: `MetaConverter` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_META_CONVERTER_H_
#define METACONV_CONVERTER_META_CONVERTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "converter/memo_conversion.h"
#include "converter/striped_counter.h"
#include "describer/known_ids.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/allocation_callback.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct ConvertOptions {
  AllocationCallback callback = {};
  // The name of the tensor in the converted program, for the trace.
  std::string source = {};
  // Write trace records, if `source` is set.
  bool trace = true;
  // Facts that the caller knows about the tensor; see DescribeOptions.
  TensorFacts facts = {};
};

class MetaConverter {
 public:
  struct Options {
    MetaTensorDescriber::Options describer = {};
    // Results are LibTorch's native fake tensors: they report the device of their source, even if this machine does not
    // have it. LibTorch has no operators for them yet, so a view that only an operator can create is an error.
    bool fake = false;
  };

  MetaConverter() : MetaConverter(Options()) {}
  explicit MetaConverter(Options options)
      : copies_data_(options.describer.copy_data), describer_(std::move(options.describer)), fake_(options.fake) {}

  MetaConverter(const MetaConverter&) = delete;
  MetaConverter& operator=(const MetaConverter&) = delete;

  // The reference's `__call__`: describes `tensor` and converts its record.
  // Errors: those of MetaTensorDescriber::DescribeTensor and of MetaTensor.
  absl::StatusOr<at::Tensor> Convert(const at::Tensor& tensor, const ConvertOptions& options = {});

  // Converts each tensor, in order, as one call of Convert after another would, in less time. A tensor that cannot be
  // converted has its error in its place. `options` apply to each tensor; for facts that differ, see
  // MetaTensorDescriber::SetFacts.
  std::vector<absl::StatusOr<at::Tensor>> Convert(absl::Span<const at::Tensor> tensors,
                                                  const ConvertOptions& options = {});

  // As Convert, all or none: returns the results of all tensors, or the error of the first one that cannot be
  // converted. No id is assigned if a tensor is not supported.
  absl::StatusOr<std::vector<at::Tensor>> ConvertAll(absl::Span<const at::Tensor> tensors,
                                                     const ConvertOptions& options = {});

  // The result for a record. All records must come from one describer, because ids of different describers collide.
  // Errors: kUnimplemented for a kind that is not supported, with its name; kInvalidArgument for an inconsistent
  // record, with the field; kInternal if the result does not match the record. If data is copied: kInvalidArgument if
  // the record does not hold it; those of StoragePath. After an error nothing has changed.
  absl::StatusOr<at::Tensor> MetaTensor(const MetaTensorDesc& desc, const AllocationCallback& callback = {});

  // The results for many records, in order, as one call of MetaTensor after another would return them, in less time.
  std::vector<absl::StatusOr<at::Tensor>> MetaTensors(absl::Span<const MetaTensorDescPtr> descs,
                                                      const AllocationCallback& callback = {});

  // The result for a storage. `recorded` is passed to the callback.
  absl::StatusOr<c10::Storage> MetaStorage(const MetaStorageDesc& desc, const AllocationCallback& callback = {},
                                           c10::Device recorded = c10::Device(c10::DeviceType::CPU));

  // Access to the memo of results. Undefined or null if there is no result, or the result was destroyed.
  at::Tensor GetTensorMemo(MetaTensorId id);
  c10::Storage GetStorageMemo(MetaStorageId id);
  void SetTensorMemo(MetaTensorId id, const at::Tensor& tensor);
  void SetStorageMemo(MetaStorageId id, const c10::Storage& storage);

  // The number of live results in the memos: `len(tensor_memo)` and `len(storage_memo)` of the reference.
  std::size_t TensorMemoSize() const { return memo_.tensors.CountAlive(); }
  std::size_t StorageMemoSize() const { return memo_.storages.CountAlive(); }
  // Call `visit` for each live result, in the order of the ids: `tensor_memo.items()` and `storage_memo.items()` of the
  // reference. No lock is held, so `visit` may use this converter. A result that is added or destroyed during the call
  // may or may not be visited. A result stays alive while it is visited.
  void ForEachTensorMemo(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit);
  void ForEachStorageMemo(absl::FunctionRef<void(MetaStorageId id, const c10::Storage& storage)> visit);

  MetaTensorDescriber& describer() { return describer_; }

  // Removes the entries of destroyed sources and results, and frees their memory. The tables also do this as they grow;
  // call Sweep after a large model was destroyed if few tensors will follow.
  void Sweep();

  // The total number of table look-ups, including the describer's.
  std::int64_t table_lookups() const;

  // The number of calls that returned a result, and of calls that found an unsupported kind.
  std::int64_t hits() const { return hits_.Sum(); }
  std::int64_t misses() const { return misses_.Sum(); }
  // Whether there was a hit and no miss.
  bool successful() const { return hits() > 0 && misses() == 0; }

 private:
  template <typename Use>
  std::invoke_result_t<Use, MemoConversion&> WithConversion(const AllocationCallback& callback, Use&& use);
  absl::StatusOr<at::Tensor> MetaTensorUncounted(const MetaTensorDesc& desc, const AllocationCallback& callback);
  absl::StatusOr<at::Tensor> ConvertUncounted(const at::Tensor& tensor, const ConvertOptions& options);
  void ConvertBlock(absl::Span<const at::Tensor> tensors, const ConvertOptions& options,
                    std::vector<absl::StatusOr<at::Tensor>>& results);
  void TakeExisting(absl::Span<const at::Tensor> tensors, absl::Span<absl::StatusOr<at::Tensor>> results);
  void ConvertRun(absl::Span<const at::Tensor> tensors, const ConvertOptions& options, KnownIds& known,
                  absl::Span<absl::StatusOr<at::Tensor>> results);
  absl::StatusOr<at::Tensor> Count(absl::StatusOr<at::Tensor> result);
  void CountAll(absl::Span<const absl::StatusOr<at::Tensor>> results);

  const bool copies_data_;
  MetaTensorDescriber describer_;
  const bool fake_;
  ConversionMemo memo_;
  StripedCounter hits_;
  StripedCounter misses_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_META_CONVERTER_H_
