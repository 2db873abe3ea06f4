// RealConversion: a conversion of records to real tensors, on storages that exist already.
//
// Example:
//   ConversionMemo memo;
//   memo.storages.Set(desc->storage->id, storage);        // For each storage; the caller keeps them alive.
//   RealConversion(memo, {.device = c10::kCPU, .keeps_elements = true, .make_opaque = make}).Convert(*desc);
//
// Thread safety: used by the thread that made it only.
// Lifetime: lives on the stack of one call. Results keep their storages alive.

#ifndef METACONV_CONVERTER_REAL_CONVERSION_H_
#define METACONV_CONVERTER_REAL_CONVERSION_H_

#include <functional>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "converter/memo_conversion.h"
#include "kinds/allocation_callback.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class RealConversion final : public MemoConversion {
 public:
  struct Options {
    c10::Device device = c10::Device(c10::DeviceType::CPU);  // For tensors without a storage.
    bool keeps_elements = true;                              // See Conversion.
    std::function<absl::StatusOr<at::Tensor>(const MetaTensorDesc&)> make_opaque = {};  // See Conversion.
  };

  RealConversion(ConversionMemo& memo, Options options)
      : MemoConversion(memo, no_callback_, /*fake=*/false), options_(std::move(options)) {}

  absl::StatusOr<at::Tensor> AllocateStrided(const MetaTensorDesc& desc) override;
  absl::Status PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) override;
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc) override { return options_.make_opaque(desc); }
  c10::Device device() const override { return options_.device; }
  bool keeps_elements() const override { return options_.keeps_elements; }

 private:
  absl::StatusOr<c10::Storage> NewStorage(const MetaStorageDesc& desc, c10::Device recorded) override;

  const AllocationCallback no_callback_ = {};
  const Options options_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_REAL_CONVERSION_H_
