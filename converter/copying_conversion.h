// CopyingConversion: a conversion whose results carry a copy of their source's bytes along.
//
// Each storage is copied once, to the device that it is on, when the first result is put on it. The copy hangs on the
// result's storage, and goes with it; see kinds/data_slot.h.
//
// Example:
//   CopyingConversion(memo, callback, /*fake=*/false).Convert(*desc);   // `desc` must have its data.
//
// Thread safety: used by the thread that made it only; what it shares with other conversions is safe for many threads.
// Lifetime: on the stack of one call of the converter.
// Source: `copy_data` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_COPYING_CONVERSION_H_
#define METACONV_CONVERTER_COPYING_CONVERSION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "converter/memo_conversion.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class CopyingConversion final : public MemoConversion {
 public:
  using MemoConversion::MemoConversion;

  // What a wrapper wraps shares its memory as it does in the source.
  absl::StatusOr<at::Tensor> AllocateWrapped(const MetaTensorDesc& desc) override;

 private:
  absl::Status OnNewStorage(const MetaStorageDesc& desc, const c10::Storage& storage) override;
  absl::Status OnStorage(const MetaStorageDesc& desc, const c10::Storage& storage) override;
  absl::Status OnBuilt(const MetaTensorDesc& desc, const at::Tensor& tensor) override;
  absl::Status CopyOpaque(const MetaTensorDesc& desc, const at::Tensor& tensor);
  absl::Status CopyParts(const MetaTensorDesc& desc, const at::Tensor& tensor);
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COPYING_CONVERSION_H_
