// Description: one call of the describer, as the code for each kind of tensor sees it.
//
// It gives access to what all kinds share: taking the tensor's id, and describing its storage and its parts.
//
// Example:
//   absl::Status DescribeDense(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
//     desc.storage = description.DescribeStorage(tensor.storage());
//     description.Identify(tensor, desc);
//     …
//
// The order of the calls is the order in which ids are given, so it is the reference's.
//
// Thread safety: used by the thread that made it only.
// Lifetime: on the stack of one call of the describer.

#ifndef METACONV_KINDS_DESCRIPTION_H_
#define METACONV_KINDS_DESCRIPTION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Description {
 public:
  virtual ~Description() = default;

  // Whether parts and bases are described with the tensor.
  virtual bool recurse() const = 0;

  // Whether records are to lead to the data: sparse COO tensors then name their indices and values.
  virtual bool keeps_data() const = 0;

  // Takes the id of `tensor`, and sets the fields that every kind has alike: all of the plain ones but size.
  virtual void Identify(const at::Tensor& tensor, MetaTensorDesc& desc) = 0;

  virtual MetaStorageDescPtr DescribeStorage(const c10::Storage& storage) = 0;

  // The record of another tensor that this one is made of.
  virtual absl::StatusOr<MetaTensorDescPtr> Describe(const at::Tensor& part) = 0;

  // The same without the part's own parts and base: those of a part may lead back to where it came from.
  virtual absl::StatusOr<MetaTensorDescPtr> DescribeFlat(const at::Tensor& part) = 0;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_DESCRIPTION_H_
