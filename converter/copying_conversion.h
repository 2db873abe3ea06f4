// CopyingConversion: a conversion to tensors without data, each with a copy of its source's bytes.
//
// Each storage is copied once, on the device of the source, when the first result is placed on it. The copy is owned by
// the result's storage; see kinds/data_slot.h.
//
// Example:
//   CopyingConversion(memo, callback, /*fake=*/false).Convert(*desc);   // `desc` must hold its data.
//
// Thread safety: used by the thread that made it only; the state that it shares with other conversions is thread-safe.
// Lifetime: lives on the stack of one call of the converter.
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

  // Places the wrapped tensor on the result of its storage, so that it shares memory as the source does.
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
