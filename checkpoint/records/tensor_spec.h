// TensorSpec: the metadata of a tensor in a file, checked, but without ids.
//
// A tensor in a file may be a part of the description of another one, such as the data of a parameter. Only the
// outermost tensor gets an id, so ids are given later; see record_maker.h.
//
// Thread safety: a plain value.
// Lifetime: borrows the storage from its CheckpointStorages.

#ifndef METACONV_CHECKPOINT_RECORDS_TENSOR_SPEC_H_
#define METACONV_CHECKPOINT_RECORDS_TENSOR_SPEC_H_

#include <cstdint>
#include <vector>

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/sizes.h"

namespace metaconv {

struct TensorSpec {
  c10::ScalarType dtype = c10::ScalarType::Float;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  c10::Layout layout = c10::Layout::Strided;
  Sizes size;
  bool is_leaf = true;
  bool requires_grad = false;
  bool is_conj = false;
  bool is_neg = false;
  bool is_parameter = false;

  // Strided only.
  Sizes stride;
  std::int64_t storage_offset = 0;
  CheckpointStorage* storage = nullptr;  // Not null.

  // Sparse only.
  std::int64_t sparse_dim = 0;
  std::int64_t dense_dim = 0;
  bool is_coalesced = false;      // COO.
  std::vector<TensorSpec> parts;  // COO: indices, values. Compressed: compressed indices, plain indices, values.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_TENSOR_SPEC_H_
