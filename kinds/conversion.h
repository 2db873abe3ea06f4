// Conversion: the interface through which the code of a kind builds a tensor during one call of the converter.
//
// It holds the caller's callback and provides what all kinds need: converting a nested record, allocating through the
// callback, and the storages that were converted before.
//
// Example:
//   absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
//   absl::StatusOr<at::Tensor> fresh = conversion.Allocate([&] { return MakeIt(desc); }, desc.device);
//
// Thread safety: a conversion is used by the thread that made it only; the state that it shares with other conversions
// is thread-safe.
// Lifetime: lives on the stack of one call of the converter.

#ifndef METACONV_KINDS_CONVERSION_H_
#define METACONV_KINDS_CONVERSION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "kinds/allocation_callback.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Conversion {
 public:
  virtual ~Conversion() = default;

  // The result for `desc`: the existing one, or a new one.
  virtual absl::StatusOr<at::Tensor> Convert(const MetaTensorDesc& desc) = 0;

  // A new tensor for `desc`, without its gradient and its conjugate and negative bits. It is not stored in the memo, so
  // no other caller gets it.
  virtual absl::StatusOr<at::Tensor> Build(const MetaTensorDesc& desc) = 0;

  // Allocates through the callback, or with `make` if there is none. The result is a leaf that does not require grad.
  virtual absl::StatusOr<at::Tensor> Allocate(AllocationMaker make, c10::Device recorded) = 0;

  // Allocates a tensor of this shape at offset 0 of a new storage, through the callback if there is one.
  virtual absl::StatusOr<at::Tensor> AllocateStrided(const MetaTensorDesc& desc) = 0;

  // Allocates the strided tensor that a wrapper without data wraps.
  virtual absl::StatusOr<at::Tensor> AllocateWrapped(const MetaTensorDesc& desc) = 0;

  // The device of the results: meta, or the device of real tensors.
  virtual c10::Device device() const = 0;
  bool is_real() const { return !device().is_meta(); }

  // Whether sparse results have the elements that their records name. Otherwise they have no elements.
  virtual bool keeps_elements() const = 0;

  // The result for a tensor whose data is not in a c10::Storage, such as an mkldnn tensor. Undefined if results have no
  // data.
  virtual absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc) = 0;

  // Makes a newly allocated `tensor` a native fake tensor on the record's device, if the results are fake tensors. The
  // results of Convert and Build are fake tensors already.
  virtual absl::Status MakeFake(const MetaTensorDesc& desc, const at::Tensor& tensor) const = 0;

  // Places a newly allocated `tensor` on the result of the record's storage, so that it shares memory with all tensors
  // on that storage. If the storage has no result yet, the tensor's own storage becomes the result.
  virtual absl::Status PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) = 0;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_CONVERSION_H_
