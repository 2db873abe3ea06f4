#include "meta/python_repr.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "meta/complex_dtype.h"
#include "meta/sparse_layout.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

TEST(PythonReprTest, Dtypes) {
  const std::map<c10::ScalarType, std::string> kNames = {
      {c10::kByte, "uint8"},
      {c10::kChar, "int8"},
      {c10::kShort, "int16"},
      {c10::kInt, "int32"},
      {c10::kLong, "int64"},
      {c10::kHalf, "float16"},
      {c10::kFloat, "float32"},
      {c10::kDouble, "float64"},
      {c10::ScalarType::ComplexHalf, "complex32"},
      {c10::kComplexFloat, "complex64"},
      {c10::kComplexDouble, "complex128"},
      {c10::kBool, "bool"},
      {c10::kQInt8, "qint8"},
      {c10::kQUInt8, "quint8"},
      {c10::kQInt32, "qint32"},
      {c10::kBFloat16, "bfloat16"},
      {c10::kQUInt4x2, "quint4x2"},
      {c10::kQUInt2x4, "quint2x4"},
      {c10::ScalarType::Bits1x8, "bits1x8"},
      {c10::ScalarType::Bits2x4, "bits2x4"},
      {c10::ScalarType::Bits4x2, "bits4x2"},
      {c10::ScalarType::Bits8, "bits8"},
      {c10::ScalarType::Bits16, "bits16"},
      {c10::kFloat8_e5m2, "float8_e5m2"},
      {c10::kFloat8_e4m3fn, "float8_e4m3fn"},
      {c10::kFloat8_e5m2fnuz, "float8_e5m2fnuz"},
      {c10::kFloat8_e4m3fnuz, "float8_e4m3fnuz"},
      {c10::kUInt16, "uint16"},
      {c10::kUInt32, "uint32"},
      {c10::kUInt64, "uint64"},
      {c10::ScalarType::UInt1, "uint1"},
      {c10::ScalarType::UInt7, "uint7"},
      {c10::ScalarType::Int1, "int1"},
      {c10::ScalarType::Int7, "int7"},
      {c10::ScalarType::Float8_e8m0fnu, "float8_e8m0fnu"},
      {c10::ScalarType::Float4_e2m1fn_x2, "float4_e2m1fn_x2"},
  };
  for (const auto& [dtype, name] : kNames) EXPECT_EQ(PythonRepr(dtype), "torch." + name);
}

TEST(PythonReprTest, EveryDtypeHasAName) {
  for (int i = 0; i < static_cast<int>(c10::ScalarType::NumOptions); ++i) {
    const auto dtype = static_cast<c10::ScalarType>(i);
    if (dtype != c10::ScalarType::Undefined) {
      EXPECT_GT(PythonRepr(dtype).size(), std::string("torch.").size()) << i;
    }
  }
}

TEST(PythonReprTest, Layouts) {
  const std::map<c10::Layout, std::string> kNames = {
      {c10::Layout::Strided, "torch.strided"},      {c10::Layout::Sparse, "torch.sparse_coo"},
      {c10::Layout::SparseCsr, "torch.sparse_csr"}, {c10::Layout::SparseCsc, "torch.sparse_csc"},
      {c10::Layout::SparseBsr, "torch.sparse_bsr"}, {c10::Layout::SparseBsc, "torch.sparse_bsc"},
      {c10::Layout::Mkldnn, "torch._mkldnn"},       {c10::Layout::Jagged, "torch.jagged"},
  };
  EXPECT_EQ(kNames.size(), static_cast<std::size_t>(c10::Layout::NumOptions));
  for (const auto& [layout, name] : kNames) EXPECT_EQ(PythonRepr(layout), name);
  EXPECT_EQ(PythonRepr(static_cast<c10::Layout>(77)), "torch.layout(77)");
}

TEST(PythonReprTest, Devices) {
  EXPECT_EQ(PythonRepr(c10::Device("cpu")), "device(type='cpu')");
  EXPECT_EQ(PythonRepr(c10::Device("meta")), "device(type='meta')");
  EXPECT_EQ(PythonRepr(c10::Device("cuda")), "device(type='cuda')");
  EXPECT_EQ(PythonRepr(c10::Device("cuda:0")), "device(type='cuda', index=0)");
  EXPECT_EQ(PythonRepr(c10::Device("mps:1")), "device(type='mps', index=1)");
}

TEST(PythonReprTest, CreationMetas) {
  EXPECT_EQ(PythonRepr(CreationMeta::kDefault), "CreationMeta.DEFAULT");
  EXPECT_EQ(PythonRepr(CreationMeta::kInCustomFunction), "CreationMeta.IN_CUSTOM_FUNCTION");
  EXPECT_EQ(PythonRepr(CreationMeta::kMultiOutputNode), "CreationMeta.MULTI_OUTPUT_NODE");
  EXPECT_EQ(PythonRepr(CreationMeta::kNoGradMode), "CreationMeta.NO_GRAD_MODE");
  EXPECT_EQ(PythonRepr(CreationMeta::kInferenceMode), "CreationMeta.INFERENCE_MODE");
}

TEST(PythonReprTest, SymInts) {
  EXPECT_EQ(PythonRepr(c10::SymInt(-3)), "-3");
  EXPECT_EQ(PythonRepr(MakeSymbolicInt("s0 + 1")), "s0 + 1");
}

TEST(SparseLayoutTest, EachLayout) {
  for (int i = 0; i < static_cast<int>(c10::Layout::NumOptions); ++i) {
    const auto layout = static_cast<c10::Layout>(i);
    const bool coo = layout == c10::Layout::Sparse;
    const bool compressed = layout == c10::Layout::SparseCsr || layout == c10::Layout::SparseCsc ||
                            layout == c10::Layout::SparseBsr || layout == c10::Layout::SparseBsc;
    EXPECT_EQ(IsSparseCoo(layout), coo) << layout;
    EXPECT_EQ(IsSparseCompressedLayout(layout), compressed) << layout;
    EXPECT_EQ(IsSparseAny(layout), coo || compressed) << layout;
  }
}

TEST(ComplexDtypeTest, ComplexOfReal) {
  EXPECT_TRUE(IsComplexOfReal(c10::kComplexFloat, c10::kFloat));
  EXPECT_TRUE(IsComplexOfReal(c10::kComplexDouble, c10::kDouble));
  EXPECT_TRUE(IsComplexOfReal(c10::ScalarType::ComplexHalf, c10::kHalf));
  EXPECT_FALSE(IsComplexOfReal(c10::kComplexFloat, c10::kDouble));
  EXPECT_FALSE(IsComplexOfReal(c10::kFloat, c10::kFloat));
  EXPECT_FALSE(IsComplexOfReal(c10::kFloat, c10::kComplexFloat));
}

}  // namespace
}  // namespace metaconv
