#include "kinds/new_sparse.h"

#include <utility>

#include "ATen/EmptyTensor.h"
#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseTensorImpl.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/TensorImpl.h"
#include "c10/core/TensorOptions.h"
#include "c10/util/DimVector.h"
#include "c10/util/intrusive_ptr.h"

namespace metaconv {
namespace {

// Arguments of the private constructors.

struct CooArguments {
  c10::DispatchKeySet key_set;
  caffe2::TypeMeta dtype;
  at::Tensor indices;
  at::Tensor values;
};

struct CompressedArguments {
  c10::DispatchKeySet key_set;
  caffe2::TypeMeta dtype;
  c10::Layout layout;
  CompressedParts parts;
};

}  // namespace
}  // namespace metaconv

// Note [Constructors of sparse tensors]
// The constructors of SparseTensorImpl and SparseCsrTensorImpl that take the parts are private. The public ones delegate
// to them after they have created parts by operators, which their callers then replace. A specialization of a member
// template may use private members, and each of the two classes has a public member template. We specialize it for types
// of our own, so nothing changes for other users of LibTorch.

template <>
c10::intrusive_ptr<c10::TensorImpl> at::SparseTensorImpl::shallow_copy_and_detach_core<metaconv::CooArguments>(
    metaconv::CooArguments&& arguments, bool) const {
  return c10::intrusive_ptr<c10::TensorImpl>::unsafe_steal_from_new(new at::SparseTensorImpl(
      arguments.key_set, arguments.dtype, std::move(arguments.indices), std::move(arguments.values)));
}

template <>
c10::intrusive_ptr<c10::TensorImpl>
at::SparseCsrTensorImpl::shallow_copy_and_detach_core<metaconv::CompressedArguments>(
    metaconv::CompressedArguments&& arguments, bool) const {
  return c10::intrusive_ptr<c10::TensorImpl>::unsafe_steal_from_new(new at::SparseCsrTensorImpl(
      arguments.key_set, arguments.dtype, std::move(arguments.parts.compressed_indices),
      std::move(arguments.parts.plain_indices), std::move(arguments.parts.values), arguments.layout));
}

namespace metaconv {
namespace {

c10::DispatchKeySet MetaKeySet(c10::ScalarType dtype, c10::Layout layout) {
  return c10::DispatchKeySet(c10::computeDispatchKey(dtype, layout, c10::Device(c10::kMeta)));
}

// The objects that the specializations are called on. They are not read.

const at::SparseTensorImpl& AnyCoo() {
  static const auto& impl =
      *c10::make_intrusive<at::SparseTensorImpl>(MetaKeySet(c10::kFloat, c10::kSparse), caffe2::TypeMeta::Make<float>())
           .release();
  return impl;
}

const at::SparseCsrTensorImpl& AnyCompressed() {
  static const auto& impl =
      *c10::make_intrusive<at::SparseCsrTensorImpl>(MetaKeySet(c10::kFloat, c10::kSparseCsr), c10::Device(c10::kMeta),
                                                    c10::kSparseCsr, caffe2::TypeMeta::Make<float>())
           .release();
  return impl;
}

}  // namespace

at::Tensor NewSparseCoo(c10::ScalarType dtype, std::int64_t sparse_dim, c10::IntArrayRef size) {
  at::DimVector value_size = {0};
  value_size.append(size.begin() + sparse_dim, size.end());
  // The constructor only accepts parts of one sparse and no dense dimension. Without elements, the size of a storage is
  // the same for all sizes.
  at::Tensor tensor(AnyCoo().shallow_copy_and_detach_core(
      CooArguments{MetaKeySet(dtype, c10::kSparse), c10::scalarTypeToTypeMeta(dtype),
                   at::detail::empty_meta({1, 0}, c10::kLong), at::detail::empty_meta({0}, dtype)},
      /*allow_tensor_metadata_change=*/true));
  auto& impl = static_cast<at::SparseTensorImpl&>(*tensor.unsafeGetTensorImpl());
  // As raw_resize_, which allocates the strides.
  impl.set_sizes_and_strides(size, /*new_stride=*/at::DimVector(size.size()));
  impl.sparse_dim_ = sparse_dim;
  impl.dense_dim_ = static_cast<std::int64_t>(size.size()) - sparse_dim;
  impl.coalesced_ = true;  // As any tensor without elements.
  impl.refresh_numel();
  impl.indices_.unsafeGetTensorImpl()->set_sizes_contiguous({sparse_dim, 0});
  impl.values_.unsafeGetTensorImpl()->set_sizes_contiguous(value_size);
  return tensor;
}

at::Tensor NewSparseCompressed(c10::Layout layout, c10::IntArrayRef size, CompressedParts parts) {
  const c10::ScalarType dtype = parts.values.scalar_type();
  at::Tensor tensor(AnyCompressed().shallow_copy_and_detach_core(
      CompressedArguments{MetaKeySet(dtype, layout), c10::scalarTypeToTypeMeta(dtype), layout, std::move(parts)},
      /*allow_tensor_metadata_change=*/true));
  auto& impl = static_cast<at::SparseCsrTensorImpl&>(*tensor.unsafeGetTensorImpl());
  // Sets the size; the parts are its own.
  impl.set_member_tensors(impl.compressed_indices(), impl.plain_indices(), impl.values(), size);
  return tensor;
}

}  // namespace metaconv
