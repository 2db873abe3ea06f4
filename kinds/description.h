// Description: the interface through which the code of a kind describes a tensor during one call of the describer.
//
// It provides what all kinds need: assigning the tensor's id, and describing its storage and its parts.
//
// Example:
//   absl::Status DescribeDense(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
//     desc.storage = description.DescribeStorage(tensor.storage());
//     description.Identify(tensor, desc);
//     …
//
// Ids are assigned in the order of the calls, so each kind makes them in the order of the reference.
//
// Thread safety: used by the thread that made it only.
// Lifetime: lives on the stack of one call of the describer.

#ifndef METACONV_KINDS_DESCRIPTION_H_
#define METACONV_KINDS_DESCRIPTION_H_

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Description {
 public:
  virtual ~Description() = default;

  // Whether parts and bases are described too.
  virtual bool recurse() const = 0;

  // Whether records shall refer to the data. If so, sparse COO tensors name their indices and values.
  virtual bool keeps_data() const = 0;

  // Assigns the id of `tensor`, and sets the fields that are the same for all kinds.
  virtual void Identify(const at::Tensor& tensor, MetaTensorDesc& desc) = 0;

  virtual MetaStorageDesc DescribeStorage(const c10::Storage& storage) = 0;

  // The record of another tensor that is a part of this one.
  virtual absl::StatusOr<MetaTensorDescPtr> Describe(const at::Tensor& part) = 0;

  // As Describe, without the parts and the base of `part`. For parts that can refer back to the tensor.
  virtual absl::StatusOr<MetaTensorDescPtr> DescribeFlat(const at::Tensor& part) = 0;

  // As DescribeFlat(new), where `new` is a new alias of `like`, which the caller does not make because no one else would
  // have it: it gets the next id, for which no entry is kept. `like` must be a strided tensor. The record has no autograd
  // state, other than what complete(record) sets.
  virtual absl::StatusOr<MetaTensorDescPtr> DescribeNew(const at::Tensor& like,
                                                        absl::FunctionRef<void(MetaTensorDesc&)> complete) = 0;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_DESCRIPTION_H_
