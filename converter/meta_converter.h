// MetaConverter: records, and tensors, to tensors without data.
//
// The results have the shape, stride, dtype, aliasing, view and autograd structure of the sources, and live on the meta
// device. The same source gives the same result object as long as somebody holds it; sources that share memory give
// results that share memory; a view gives a view of its base's result.
//
// With `copy_data` set in the describer's options, results carry a copy of their source's bytes along: real_data.h gives it
// back. Real tensors of a record are made by materialize.h.
//
// Example:
//   MetaConverter converter;
//   absl::StatusOr<at::Tensor> weight = converter.Convert(model.weight);
//   absl::StatusOr<at::Tensor> tied = converter.Convert(model.tied_weight);
//   weight->storage().is_alias_of(tied->storage());   // true, as in the model
//
// or from records alone, made elsewhere:
//   absl::StatusOr<at::Tensor> weight = converter.MetaTensor(*desc);
//
// A result that stands for a non-leaf tensor is one, and raises an error when backward() reaches it. Each result is
// checked against its record before it is handed out. Which kinds of tensors there are is said in kinds/kinds.cc; for
// wrapper types of your own see kinds/wrapper_type.h.
//
// Thread safety: Thread-safe. Any number of threads may convert with one converter: each source still has one result.
// No lock is held while LibTorch or a callback runs. A failed conversion leaves no trace; the next call tries again.
// Lifetime: keeps neither sources nor results alive. Results outlive the converter.
// Source: `MetaConverter` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_META_CONVERTER_H_
#define METACONV_CONVERTER_META_CONVERTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "converter/memo_conversion.h"
#include "converter/striped_counter.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/allocation_callback.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct ConvertOptions {
  AllocationCallback callback = {};
  // How the program that is converted calls this tensor, for the trace.
  std::string source = {};
  // Write trace records, if there is a source.
  bool trace = true;
  // What the caller knows of the tensor, see DescribeOptions.
  TensorFacts facts = {};
};

class MetaConverter {
 public:
  struct Options {
    MetaTensorDescriber::Options describer = {};
    // Results are LibTorch's native fake tensors: they report the device of their source, of which this machine need
    // have none. LibTorch has no operators for them yet, so a view that an operator would have to make is an error.
    bool fake = false;
  };

  MetaConverter() : MetaConverter(Options()) {}
  explicit MetaConverter(Options options)
      : copies_data_(options.describer.copy_data), describer_(std::move(options.describer)), fake_(options.fake) {}

  MetaConverter(const MetaConverter&) = delete;
  MetaConverter& operator=(const MetaConverter&) = delete;

  // The reference's `__call__`: describes `tensor` and converts the record.
  // Errors: those of MetaTensorDescriber::DescribeTensor and of MetaTensor.
  absl::StatusOr<at::Tensor> Convert(const at::Tensor& tensor, const ConvertOptions& options = {});

  // The result for a record. Records of several describers must not meet in one converter: their ids would.
  // Errors: kUnimplemented for a kind that is not supported, named in the message; kInvalidArgument for a record that
  // contradicts itself, with the field; kInternal if the result is not what the record says. Where data are copied:
  // kInvalidArgument if the record has none; those of StoragePath, and nothing has changed then.
  absl::StatusOr<at::Tensor> MetaTensor(const MetaTensorDesc& desc, const AllocationCallback& callback = {});

  // The result for a storage. `recorded` is passed on to the callback.
  absl::StatusOr<c10::Storage> MetaStorage(const MetaStorageDesc& desc, const AllocationCallback& callback = {},
                                           c10::Device recorded = c10::Device(c10::DeviceType::CPU));

  // The results as they are remembered; undefined / null if there is none or nobody holds it any more.
  at::Tensor GetTensorMemo(MetaTensorId id);
  c10::Storage GetStorageMemo(MetaStorageId id);
  void SetTensorMemo(MetaTensorId id, const at::Tensor& tensor);
  void SetStorageMemo(MetaStorageId id, const c10::Storage& storage);

  // How many results the memos have that somebody holds: `len(tensor_memo)` and `len(storage_memo)` of the reference.
  std::size_t TensorMemoSize() const { return memo_.tensors.CountAlive(); }
  std::size_t StorageMemoSize() const { return memo_.storages.CountAlive(); }
  // Call `visit` for each of these, in the order of the ids: `tensor_memo.items()` and `storage_memo.items()`. No lock is
  // held, so `visit` may use this converter. A result that comes or goes meanwhile is visited or not. One that is visited
  // stays alive during that.
  void ForEachTensorMemo(absl::FunctionRef<void(MetaTensorId id, const at::Tensor& tensor)> visit);
  void ForEachStorageMemo(absl::FunctionRef<void(MetaStorageId id, const c10::Storage& storage)> visit);

  MetaTensorDescriber& describer() { return describer_; }

  // Forgets sources and results that are gone, and gives back the memory that was used for them. This happens by itself
  // as the tables grow; call it when a large model was dropped and few tensors will follow.
  void Sweep();

  // How often the tables were asked, the describer's included, in all.
  std::int64_t table_lookups() const;

  // Calls that gave a result, and calls that found an unsupported kind.
  std::int64_t hits() const { return hits_.Sum(); }
  std::int64_t misses() const { return misses_.Sum(); }
  // Some hit and no miss.
  bool successful() const { return hits() > 0 && misses() == 0; }

 private:
  template <typename Use>
  std::invoke_result_t<Use, MemoConversion&> WithConversion(const AllocationCallback& callback, Use&& use);
  absl::StatusOr<at::Tensor> MetaTensorUncounted(const MetaTensorDesc& desc, const AllocationCallback& callback);
  absl::StatusOr<at::Tensor> ConvertUncounted(const at::Tensor& tensor, const ConvertOptions& options);
  absl::StatusOr<at::Tensor> Count(absl::StatusOr<at::Tensor> result);

  const bool copies_data_;
  MetaTensorDescriber describer_;
  const bool fake_;
  ConversionMemo memo_;
  StripedCounter hits_;
  StripedCounter misses_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_META_CONVERTER_H_
