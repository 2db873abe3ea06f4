#include "checkpoint/records/record_maker.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/storage_location.h"
#include "meta/creation_meta.h"
#include "meta/meta_storage_desc.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {
namespace {

SymSizes ToSymInts(const Sizes& values) { return SymSizes(values.begin(), values.end()); }

}  // namespace

MetaTensorDescPtr RecordMaker::Make(const TensorSpec& spec) {
  auto desc = std::make_shared<MetaTensorDesc>();
  Start(spec, *desc);
  AddParts(spec, *desc);
  return desc;
}

MetaTensorDescPtr RecordMaker::MakeViewOfFlat(const TensorSpec& spec) {
  auto desc = std::make_shared<MetaTensorDesc>();
  Start(spec, *desc);
  auto flat = std::make_shared<MetaTensorDesc>();
  flat->id = next_tensor_id_++;
  flat->dtype = spec.dtype;
  flat->device = spec.device;
  flat->size = {spec.storage->size_bytes / static_cast<std::int64_t>(c10::elementSize(spec.dtype))};
  flat->is_leaf = true;
  flat->stride = SymSizes{1};
  flat->storage = desc->storage;
  desc->is_view = true;
  desc->creation_meta = CreationMeta::kDefault;
  desc->base = std::move(flat);
  return desc;
}

void RecordMaker::Start(const TensorSpec& spec, MetaTensorDesc& desc) {
  if (spec.layout == c10::Layout::Strided) {
    desc.storage = StorageRecord(*spec.storage, spec.dtype);
    desc.storage_offset = spec.storage_offset;
    desc.stride = ToSymInts(spec.stride);
  } else {
    SparseFields& fields = desc.edit_sparse();
    fields.sparse_dim = spec.sparse_dim;
    fields.dense_dim = spec.dense_dim;
  }
  desc.id = next_tensor_id_++;
  desc.dtype = spec.dtype;
  desc.device = spec.device;
  desc.size = ToSymInts(spec.size);
  desc.layout = spec.layout;
  desc.is_leaf = spec.is_leaf;
  desc.requires_grad = spec.requires_grad;
  desc.is_conj = spec.is_conj;
  desc.is_neg = spec.is_neg;
  desc.is_parameter = spec.is_parameter;
  if (spec.layout == c10::Layout::Sparse) {
    desc.is_sparse = true;
    desc.edit_sparse().is_coalesced = spec.is_coalesced;
  }
}

void RecordMaker::AddParts(const TensorSpec& spec, MetaTensorDesc& desc) {
  if (spec.parts.empty()) return;
  if (spec.layout == c10::Layout::Sparse) {
    if (!options_.sparse_parts) return;
    // As `_indices()` and `_values()` return them: plain tensors without a gradient history.
    SparseFields& fields = desc.edit_sparse();
    fields.indices = Make(spec.parts[0]);
    fields.values = Make(spec.parts[1]);
    return;
  }
  const bool by_row = spec.layout == c10::Layout::SparseCsr || spec.layout == c10::Layout::SparseBsr;
  SparseFields& fields = desc.edit_sparse();
  (by_row ? fields.crow_indices : fields.ccol_indices) = Make(spec.parts[0]);
  (by_row ? fields.col_indices : fields.row_indices) = Make(spec.parts[1]);
  // `values()` returns a view of the sparse tensor. The reference does not describe the base of that view, which is the
  // sparse tensor again.
  auto values = std::make_shared<MetaTensorDesc>();
  Start(spec.parts[2], *values);
  values->requires_grad = spec.requires_grad;
  values->is_leaf = !spec.requires_grad;
  values->is_view = true;
  values->creation_meta = CreationMeta::kDefault;
  fields.values = std::move(values);
}

MetaStorageDesc RecordMaker::StorageRecord(CheckpointStorage& storage, c10::ScalarType dtype) {
  if (!storage.desc.has_value()) {
    storage.desc = MetaStorageDesc{.id = next_storage_id_++, .size = storage.size_bytes, .data = {}};
    if (options_.locate_storages) {
      StorageLocation& location = locations_.emplace_back(storage.location);
      location.size = storage.size_bytes;
      if (storage.size_bytes == 0) {
        location.bytes = StorageBytes::kPlain;
        location.size_in_file = 0;
      }
    }
  }
  if (options_.locate_storages) {
    int& alignment = locations_[static_cast<std::size_t>(storage.desc->id)].alignment;
    alignment = std::max(alignment, static_cast<int>(c10::elementSize(dtype)));
  }
  return *storage.desc;
}

}  // namespace metaconv
