#include "meta/from_python_repr.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "meta/python_repr.h"

namespace metaconv {
namespace {

TEST(FromPythonReprTest, EveryDtype) {
  for (int i = 0; i < static_cast<int>(c10::ScalarType::NumOptions); ++i) {
    const auto dtype = static_cast<c10::ScalarType>(i);
    if (dtype == c10::ScalarType::Undefined) continue;
    EXPECT_EQ(DtypeFromPythonRepr(PythonRepr(dtype)), dtype) << i;
  }
}

TEST(FromPythonReprTest, EveryLayout) {
  for (int i = 0; i < static_cast<int>(c10::Layout::NumOptions); ++i) {
    const auto layout = static_cast<c10::Layout>(i);
    EXPECT_EQ(LayoutFromPythonRepr(PythonRepr(layout)), layout);
  }
}

TEST(FromPythonReprTest, EveryCreationMeta) {
  for (const CreationMeta value :
       {CreationMeta::kDefault, CreationMeta::kInCustomFunction, CreationMeta::kMultiOutputNode,
        CreationMeta::kNoGradMode, CreationMeta::kInferenceMode}) {
    EXPECT_EQ(CreationMetaFromPythonRepr(PythonRepr(value)), value);
  }
}

TEST(FromPythonReprTest, Devices) {
  for (const char* text : {"cpu", "cpu:0", "meta", "cuda", "cuda:0", "cuda:127", "mps:1", "xla:3", "privateuseone:0"}) {
    const c10::Device device{std::string(text)};
    EXPECT_EQ(DeviceFromPythonRepr(PythonRepr(device)), device) << text;
  }
}

TEST(FromPythonReprTest, OtherTextIsAnError) {
  for (const char* text : {"", "float32", "torch.", "torch.float33", "torch.Undefined", "torch.float32 "}) {
    EXPECT_EQ(DtypeFromPythonRepr(text), std::nullopt) << text;
  }
  for (const char* text : {"", "strided", "torch.layout(8)", "torch.sparse"}) {
    EXPECT_EQ(LayoutFromPythonRepr(text), std::nullopt) << text;
  }
  for (const char* text : {"", "DEFAULT", "CreationMeta.default", "CreationMeta.5"}) {
    EXPECT_EQ(CreationMetaFromPythonRepr(text), std::nullopt) << text;
  }
  for (const char* text :
       {"", "cpu", "device(", "device(type='", "device(type='cpu", "device(type='cpu'", "device(type='')",
        "device(type='gpu')", "device(type='cpu', index=1)", "device(type='cuda', index=)",
        "device(type='cuda', index=-1)", "device(type='cuda', index=128)", "device(type='cuda', index=99999999999)",
        "device(type='cuda', index=1) ", "device(type='cuda', index=1"}) {
    EXPECT_EQ(DeviceFromPythonRepr(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace metaconv
