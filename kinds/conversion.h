// Conversion: one call of the converter, as the code for each kind of tensor sees it.
//
// It carries the caller's callback and gives access to what all kinds share: converting a nested record, allocating
// through the callback, and the storages that were converted before.
//
// Example:
//   absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
//   absl::StatusOr<at::Tensor> fresh = conversion.Allocate([&] { return MakeIt(desc); }, desc.device);
//
// Thread safety: used by the thread that made it only; what it shares with other conversions is safe for many threads.
// Lifetime: on the stack of one call of the converter.

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

  // The result for `desc`: the one that is there already, or a new one.
  virtual absl::StatusOr<at::Tensor> Convert(const MetaTensorDesc& desc) = 0;

  // A new tensor for `desc`, without its gradient and bits, that nobody else will be given.
  virtual absl::StatusOr<at::Tensor> Build(const MetaTensorDesc& desc) = 0;

  // What the callback makes of `make`; a leaf that does not require grad.
  virtual absl::StatusOr<at::Tensor> Allocate(AllocationMaker make, c10::Device recorded) = 0;

  // A tensor of this shape, from offset 0 of a storage of its own, by way of the callback if there is one.
  virtual absl::StatusOr<at::Tensor> AllocateStrided(const MetaTensorDesc& desc) = 0;

  // A tensor for what a wrapper without data wraps, where that is strided.
  virtual absl::StatusOr<at::Tensor> AllocateWrapped(const MetaTensorDesc& desc) = 0;

  // Where the results live: the meta device, or that of real tensors.
  virtual c10::Device device() const = 0;
  bool is_real() const { return !device().is_meta(); }

  // Whether sparse results have the elements that their records name. Otherwise they have none.
  virtual bool keeps_elements() const = 0;

  // The result for a tensor whose bytes lie in no storage that can be seen, such as mkldnn's; undefined where results
  // have no data.
  virtual absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc) = 0;

  // Lets a freshly allocated `tensor` stand for one on the record's device, if results are fake tensors. What Convert and
  // Build return does so already.
  virtual absl::Status MakeFake(const MetaTensorDesc& desc, const at::Tensor& tensor) const = 0;

  // Makes a freshly allocated `tensor` live where `desc` says, sharing memory with all that do. Its own storage stands
  // in for the one in the record if that has none yet.
  virtual absl::Status PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) = 0;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_CONVERSION_H_
