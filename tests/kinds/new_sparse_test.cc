// Compares each property of the new tensors with that of the tensors that LibTorch's operators create.

#include "kinds/new_sparse.h"

#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

#include "ATen/EmptyTensor.h"
#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseCsrTensorUtils.h"
#include "ATen/SparseTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "ATen/native/SparseTensorUtils.h"
#include "ATen/ops/_sparse_compressed_tensor_unsafe.h"
#include "ATen/ops/_sparse_coo_tensor_with_dims.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/TensorOptions.h"
#include "c10/util/Exception.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

constexpr c10::ScalarType kDtypes[] = {c10::kFloat, c10::kBFloat16, c10::kLong, c10::kBool, c10::kComplexDouble};

void ExpectSameImpl(const at::Tensor& found, const at::Tensor& expected) {
  c10::TensorImpl& a = *found.unsafeGetTensorImpl();
  c10::TensorImpl& b = *expected.unsafeGetTensorImpl();
  EXPECT_EQ(a.key_set(), b.key_set());
  EXPECT_EQ(a.dtype(), b.dtype());
  EXPECT_EQ(a.device(), b.device());
  EXPECT_EQ(a.layout(), b.layout());
  EXPECT_EQ(a.sizes(), b.sizes());
  EXPECT_EQ(a.numel(), b.numel());
  EXPECT_EQ(a.is_inference(), b.is_inference());
  EXPECT_EQ(a.is_non_overlapping_and_dense(), b.is_non_overlapping_and_dense());
  EXPECT_EQ(a.version_counter().enabled(), b.version_counter().enabled());
  if (b.version_counter().enabled()) {
    EXPECT_EQ(a.version_counter().current_version(), b.version_counter().current_version());
  }
  EXPECT_EQ(a.allow_tensor_metadata_change(), b.allow_tensor_metadata_change());
  EXPECT_EQ(a.autograd_meta(), b.autograd_meta());
  EXPECT_EQ(a.has_storage(), b.has_storage());
  EXPECT_EQ(found.use_count(), expected.use_count());
}

void ExpectSamePart(const at::Tensor& found, const at::Tensor& expected) {
  ExpectSameImpl(found, expected);
  EXPECT_EQ(found.strides(), expected.strides());
  EXPECT_EQ(found.storage_offset(), expected.storage_offset());
  EXPECT_EQ(found.is_contiguous(), expected.is_contiguous());
  ASSERT_TRUE(found.has_storage() && expected.has_storage());
  EXPECT_EQ(found.storage().nbytes(), expected.storage().nbytes());
  EXPECT_EQ(found.storage().device(), expected.storage().device());
  EXPECT_EQ(found.storage().allocator(), expected.storage().allocator());
  EXPECT_EQ(found.storage().resizable(), expected.storage().resizable());
  EXPECT_EQ(found.storage().use_count(), expected.storage().use_count());
}

// --- COO. ---

struct CooShape {
  std::int64_t sparse_dim;
  std::vector<std::int64_t> size;
};

std::ostream& operator<<(std::ostream& os, const CooShape& shape) {
  return os << shape.sparse_dim << " of " << c10::IntArrayRef(shape.size);
}

const CooShape kCooShapes[] = {
    {2, {4, 8}},       {1, {5}}, {1, {0}}, {2, {4, 8, 3, 2}},
    {3, {4, 0, 2, 7}}, {0, {}},  {0, {3}}, {6, {1, 2, 3, 4, 5, 6, 7}},
};

void ExpectSameCoo(const CooShape& shape, c10::ScalarType dtype) {
  SCOPED_TRACE(::testing::Message() << shape << ", " << dtype);
  const auto dense_dim = static_cast<std::int64_t>(shape.size.size()) - shape.sparse_dim;
  const at::Tensor found = NewSparseCoo(dtype, shape.sparse_dim, shape.size);
  const at::Tensor expected = at::_sparse_coo_tensor_with_dims(shape.sparse_dim, dense_dim, shape.size,
                                                               at::device(at::kMeta).dtype(dtype).layout(at::kSparse));
  ExpectSameImpl(found, expected);
  const at::SparseTensorImpl& a = *at::sparse::get_sparse_impl(found);
  const at::SparseTensorImpl& b = *at::sparse::get_sparse_impl(expected);
  EXPECT_EQ(a.sparse_dim(), b.sparse_dim());
  EXPECT_EQ(a.dense_dim(), b.dense_dim());
  EXPECT_EQ(a.nnz(), b.nnz());
  EXPECT_EQ(a.coalesced(), b.coalesced());
  ExpectSamePart(a.indices(), b.indices());
  ExpectSamePart(a.values(), b.values());
}

TEST(NewSparseTest, CooTensorsAreThoseOfTheOperator) {
  for (const CooShape& shape : kCooShapes) {
    for (const c10::ScalarType dtype : kDtypes) ExpectSameCoo(shape, dtype);
  }
}

TEST(NewSparseTest, CooTensorsAreThoseOfTheOperatorInInferenceMode) {
  const c10::InferenceMode inference;
  for (const CooShape& shape : kCooShapes) ExpectSameCoo(shape, c10::kFloat);
}

TEST(NewSparseTest, CooTensorsShareNothing) {
  const at::Tensor first = NewSparseCoo(c10::kFloat, /*sparse_dim=*/2, {4, 8});
  const at::Tensor second = NewSparseCoo(c10::kFloat, /*sparse_dim=*/2, {4, 8});
  EXPECT_FALSE(first._indices().is_alias_of(second._indices()));
  EXPECT_FALSE(first._values().is_alias_of(second._values()));
}

TEST(NewSparseTest, TooManyElementsThrow) {
  EXPECT_THROW(NewSparseCoo(c10::kFloat, /*sparse_dim=*/2, {std::int64_t{1} << 40, std::int64_t{1} << 40}), c10::Error);
}

// --- Sparse compressed. ---

struct CompressedShape {
  c10::Layout layout;
  std::vector<std::int64_t> size;
  std::vector<std::int64_t> compressed;
  std::vector<std::int64_t> plain;
  std::vector<std::int64_t> values;
};

std::ostream& operator<<(std::ostream& os, const CompressedShape& shape) {
  return os << shape.layout << " of " << c10::IntArrayRef(shape.size);
}

const CompressedShape kCompressedShapes[] = {
    {c10::kSparseCsr, {4, 8}, {5}, {0}, {0}},
    {c10::kSparseCsc, {4, 8}, {9}, {0}, {0}},
    {c10::kSparseCsr, {2, 4, 8, 3}, {2, 5}, {2, 0}, {2, 0, 3}},
    {c10::kSparseBsr, {4, 8}, {3}, {0}, {0, 2, 4}},
    {c10::kSparseBsc, {4, 8}, {3}, {0}, {0, 2, 4}},
    {c10::kSparseCsr, {0, 0}, {1}, {0}, {0}},
};

CompressedParts PartsFor(const CompressedShape& shape, c10::ScalarType index_dtype, c10::ScalarType dtype) {
  return {.compressed_indices = at::detail::empty_meta(shape.compressed, index_dtype),
          .plain_indices = at::detail::empty_meta(shape.plain, index_dtype),
          .values = at::detail::empty_meta(shape.values, dtype)};
}

void ExpectSameCompressed(const CompressedShape& shape, c10::ScalarType index_dtype, c10::ScalarType dtype) {
  SCOPED_TRACE(::testing::Message() << shape << ", " << index_dtype << ", " << dtype);
  const at::Tensor found = NewSparseCompressed(shape.layout, shape.size, PartsFor(shape, index_dtype, dtype));
  const at::Tensor expected = [&] {
    const CompressedParts parts = PartsFor(shape, index_dtype, dtype);
    return at::_sparse_compressed_tensor_unsafe(parts.compressed_indices, parts.plain_indices, parts.values, shape.size,
                                                parts.values.options().layout(shape.layout));
  }();
  ExpectSameImpl(found, expected);
  const at::SparseCsrTensorImpl& a = *at::sparse_csr::get_sparse_csr_impl(found);
  const at::SparseCsrTensorImpl& b = *at::sparse_csr::get_sparse_csr_impl(expected);
  EXPECT_EQ(a.batch_dim(), b.batch_dim());
  EXPECT_EQ(a.dense_dim(), b.dense_dim());
  ExpectSamePart(a.compressed_indices(), b.compressed_indices());
  ExpectSamePart(a.plain_indices(), b.plain_indices());
  ExpectSamePart(a.values(), b.values());
}

TEST(NewSparseTest, CompressedTensorsAreThoseOfTheOperator) {
  for (const CompressedShape& shape : kCompressedShapes) {
    for (const c10::ScalarType dtype : kDtypes) {
      for (const c10::ScalarType index_dtype : {c10::kInt, c10::kLong}) ExpectSameCompressed(shape, index_dtype, dtype);
    }
  }
}

TEST(NewSparseTest, CompressedTensorsAreThoseOfTheOperatorInInferenceMode) {
  const c10::InferenceMode inference;
  for (const CompressedShape& shape : kCompressedShapes) ExpectSameCompressed(shape, c10::kLong, c10::kFloat);
}

TEST(NewSparseTest, CompressedTensorsHaveTheGivenParts) {
  const CompressedParts parts = PartsFor(kCompressedShapes[0], c10::kLong, c10::kFloat);
  const at::Tensor tensor = NewSparseCompressed(c10::kSparseCsr, kCompressedShapes[0].size, parts);
  const at::SparseCsrTensorImpl& impl = *at::sparse_csr::get_sparse_csr_impl(tensor);
  EXPECT_TRUE(impl.compressed_indices().is_same(parts.compressed_indices));
  EXPECT_TRUE(impl.plain_indices().is_same(parts.plain_indices));
  EXPECT_TRUE(impl.values().is_same(parts.values));
}

}  // namespace
}  // namespace metaconv
