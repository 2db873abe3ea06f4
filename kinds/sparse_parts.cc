#include "kinds/sparse_parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/data_slot.h"
#include "meta/torch_status.h"

namespace metaconv {

at::Tensor WithData(const at::Tensor& tensor) {
  const DataSlot* slot = DataSlot::Of(tensor);
  if (slot == nullptr) return tensor;
  at::Tensor data = slot->tensor();
  return data.defined() ? data : tensor;
}

absl::Status DescribePart(Description& description, const at::Tensor& part, MetaTensorDescPtr& field) {
  absl::StatusOr<MetaTensorDescPtr> described = description.DescribeFlat(part);
  if (described.ok()) field = *std::move(described);
  return described.status();
}

absl::StatusOr<at::Tensor> BuildPart(Conversion& conversion, const MetaTensorDesc& desc, std::string_view field,
                                     const MetaTensorDescPtr& part) {
  if (part == nullptr) return Malformed(desc, field, "the record of this part of the sparse tensor", "none");
  // Only the fields that determine where the elements are; autograd and view state are dropped.
  MetaTensorDesc plain = {.id = part->id, .dtype = part->dtype, .device = part->device};
  plain.size = part->size;
  plain.is_leaf = true;
  plain.is_inference = part->is_inference;
  plain.stride = part->stride;
  plain.storage_offset = part->storage_offset;
  plain.storage = part->storage;
  if (absl::Status status = CheckStridedRecord(plain); !status.ok()) return status;
  // LibTorch reads the elements, so the part must lie within its storage. For other tensors this is not required.
  if (absl::Status status = CheckWithinStorage(plain, plain.storage->size); !status.ok()) return status;
  // Convert, not Build: several tensors may share a part.
  return conversion.Convert(plain);
}

absl::StatusOr<at::Tensor> CheckedParts(const MetaTensorDesc& desc, absl::FunctionRef<at::Tensor()> assemble) {
  absl::StatusOr<at::Tensor> tensor = CatchTorch(absl::StrCat("record ", desc.id, ": assembling its parts"),
                                                 [&]() -> absl::StatusOr<at::Tensor> { return assemble(); });
  // An internal error can only be a rejection of the parts: LibTorch checked nothing else.
  if (absl::IsInternal(tensor.status())) return absl::InvalidArgumentError(tensor.status().message());
  return tensor;
}

}  // namespace metaconv
