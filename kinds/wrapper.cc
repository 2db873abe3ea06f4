#include "kinds/wrapper.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/require_grad.h"
#include "kinds/view.h"
#include "kinds/wrapper_type.h"
#include "meta/python_repr.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

absl::StatusOr<FlattenedTensor> Flatten(const WrapperType& type, const at::Tensor& tensor) {
  absl::StatusOr<FlattenedTensor> parts =
      CatchTorch(absl::StrCat("flattening a ", type.name), [&] { return type.flatten(tensor); });
  if (!parts.ok()) return parts;
  for (const auto& [name, inner] : parts->inner) {
    if (inner.defined()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("flattening a ", type.name, ": ", name, ": expected a tensor, found none"));
  }
  return parts;
}

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckStrides(desc); !status.ok()) return status;
  if (!desc.wrapper().attrs.has_value()) return Malformed(desc, "attrs", "the inner tensors of the wrapper", "none");
  for (const auto& [name, inner] : *desc.wrapper().attrs) {
    if (inner == nullptr) return Malformed(desc, absl::StrCat("attrs.", name), "a record", "none");
  }
  if (!desc.wrapper().type.has_value()) return Malformed(desc, "type", "the name of a wrapper type", "none");
  if (FindWrapperType(*desc.wrapper().type) == nullptr)
    return Malformed(desc, "type", "a registered wrapper type", *desc.wrapper().type);
  return absl::OkStatus();
}

absl::Status CheckUnflattened(const WrapperType& type, const MetaTensorDesc& desc, const at::Tensor& tensor) {
  const std::string where = absl::StrCat("unflattening a ", type.name, ": ");
  if (!tensor.defined()) return absl::InternalError(absl::StrCat(where, "expected a tensor, found none"));
  if (FindWrapperType(tensor) != &type) {
    return absl::InternalError(absl::StrCat(where, "expected a ", type.name, ", found another tensor"));
  }
  if (tensor.scalar_type() != desc.dtype) {
    return Malformed(desc, "dtype", absl::StrCat(PythonRepr(tensor.scalar_type()), ", as unflattened"),
                     PythonRepr(desc.dtype));
  }
  if (!tensor.is_leaf() || tensor.requires_grad()) {
    return absl::InternalError(
        absl::StrCat(where, "expected a leaf that does not require grad, found one with autograd history"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsWrapper(const at::Tensor& tensor) { return FindWrapperType(tensor) != nullptr; }

absl::StatusOr<std::vector<at::Tensor>> InnerOfWrapper(const at::Tensor& tensor) {
  absl::StatusOr<FlattenedTensor> parts = Flatten(*FindWrapperType(tensor), tensor);
  if (!parts.ok()) return parts.status();
  std::vector<at::Tensor> tensors;
  for (auto& [name, inner] : parts->inner) tensors.push_back(std::move(inner));
  return tensors;
}

absl::Status DescribeWrapper(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  const WrapperType& type = *FindWrapperType(tensor);
  absl::StatusOr<FlattenedTensor> parts = Flatten(type, tensor);
  if (!parts.ok()) return parts.status();
  // A wrapper type need not have a storage. If it has one, other tensors may share it.
  if (tensor.has_storage()) desc.storage = description.DescribeStorage(tensor.storage());
  WrapperFields& fields = desc.edit_wrapper();
  fields.attrs.emplace();
  for (auto& [name, inner] : parts->inner) {
    absl::StatusOr<MetaTensorDescPtr> described = description.Describe(inner);
    if (!described.ok()) return described.status();
    fields.attrs->emplace_back(std::move(name), *std::move(described));
  }
  description.Identify(tensor, desc);
  fields.is_traceable_wrapper_subclass = true;
  desc.stride = ToSymSizes(impl.sym_strides());
  desc.storage_offset = impl.sym_storage_offset();
  fields.opaque_attrs = std::move(parts->opaque);
  fields.ctx = std::move(parts->ctx);
  fields.type = type.name;
  return absl::OkStatus();
}

// Note [Inner wrappers]
// The reference converts the inner tensors of a wrapper that is inside of another wrapper, but rebuilds the inner
// wrapper itself, without autograd state and without an entry in the memo. We convert an inner wrapper like any other
// tensor.
absl::StatusOr<at::Tensor> BuildWrapper(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  if (desc.is_view) return BuildView(conversion, desc);
  FlattenedTensor parts = {.inner = {}, .opaque = desc.wrapper().opaque_attrs, .ctx = desc.wrapper().ctx};
  for (const auto& [name, inner] : *desc.wrapper().attrs) {
    absl::StatusOr<at::Tensor> converted = conversion.Convert(*inner);
    if (!converted.ok()) return converted;
    parts.inner.emplace_back(name, *std::move(converted));
  }
  const WrapperType& type = *FindWrapperType(*desc.wrapper().type);
  absl::StatusOr<at::Tensor> tensor = CatchTorch(absl::StrCat("record ", desc.id, ": unflattening a ", type.name),
                                                 [&] { return type.unflatten(parts, desc.size, *desc.stride); });
  if (!tensor.ok()) return tensor;
  if (absl::Status status = CheckUnflattened(type, desc, *tensor); !status.ok()) return status;
  return RequireGrad(desc, *std::move(tensor));
}

}  // namespace metaconv
