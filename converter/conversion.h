// Conversion: one call of the converter, as the code for each kind of tensor sees it.
//
// It carries the caller's callback and gives access to what all kinds share: converting a nested record, allocating
// through the callback, and the storages that were converted before.
//
// Thread safety: used by the thread that made it only; what it shares with other conversions is safe for many threads.
// Lifetime: on the stack of one call of the converter.

#ifndef METACONV_CONVERTER_CONVERSION_H_
#define METACONV_CONVERTER_CONVERSION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "c10/core/StorageImpl.h"
#include "converter/allocation_callback.h"
#include "converter/tensor_memo.h"
#include "converter/weak_memo.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// What the conversions of one converter have in common.
struct ConversionMemo {
  TensorMemo tensors;
  WeakMemo<c10::StorageImpl> storages;
};

class Conversion {
 public:
  // Records nested deeper than this are an error: they cannot come from a describer.
  static constexpr int kMaxDepth = 600;

  // `callback` may be empty. Both must outlive the conversion.
  Conversion(ConversionMemo& memo, const AllocationCallback& callback) : memo_(memo), callback_(callback) {}

  // The result for `desc`: the one that is there already, or a new one.
  absl::StatusOr<at::Tensor> Convert(const MetaTensorDesc& desc);

  // A meta tensor of this shape, from offset 0 of a storage of its own, by way of the callback if there is one.
  absl::StatusOr<at::Tensor> AllocateStrided(const MetaTensorDesc& desc);

  // The result for a storage.
  absl::StatusOr<c10::Storage> ConvertStorage(const MetaStorageDesc& desc, c10::Device recorded);

  // Makes a freshly allocated `tensor` live where `desc` says, sharing memory with all that do. Its own storage stands
  // in for the one in the record if that has none yet.
  absl::Status PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor);

  // Moves `tensor` to the result for the record's storage, with the record's size, stride and offset.
  absl::Status MoveToStorage(const MetaTensorDesc& desc, const at::Tensor& tensor);

 private:
  absl::StatusOr<at::Tensor> BuildNested(const MetaTensorDesc& desc);
  absl::StatusOr<at::Tensor> Build(const MetaTensorDesc& desc);
  absl::StatusOr<at::Tensor> Allocate(AllocationMaker make, c10::Device recorded) const;
  bool IsAsAskedFor(const MetaTensorDesc& desc, const at::Tensor& tensor) const;

  ConversionMemo& memo_;
  const AllocationCallback& callback_;
  int depth_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_CONVERSION_H_
