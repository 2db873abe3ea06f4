#include "checkpoint/foreign_kind.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST(ForeignKindTest, FilesAreNamedByTheirContent) {
  const std::string zeros(1000, '\0');
  const std::string kUnknown =
      "in none of the supported formats (torch.jit.save, torch.save, torch.save before PyTorch 0.1.10, torch.save "
      "before PyTorch 1.6, records, safetensors)";
  const std::pair<std::string, std::string> kFiles[] = {
      {"GGUF\3" + zeros, "a GGUF model"},
      {"\x89HDF\r\n\x1a\n" + zeros, "an HDF5 file"},
      {"\x93NUMPY\1" + zeros, "a NumPy array (.npy)"},
      {"\x1f\x8b\x08" + zeros, "a gzip file, which has to be unpacked first"},
      {zeros.substr(0, 4) + "PTMF" + zeros, "a PyTorch mobile module in flatbuffer form (.ptl)"},
      {zeros.substr(0, 257) + "ustar" + zeros, "a tar archive, but not one by torch.save"},
      {"\x08\x07\x12\x07pytorch\x1a\x03"
       "1.9" +
           zeros,
       "an ONNX model"},
      {"\x08\x0a:" + zeros, "an ONNX model"},
      {"\x08\x01\x12\xf0\x9c\x01\x0a" + zeros, "a TensorFlow SavedModel"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a git-lfs pointer, not the file that it stands for (see `git lfs pull`)"},
      {"<!DOCTYPE html><html>", "an HTML page, perhaps the answer of a download that failed"},
      {"{\"weight_map\": {}}", "a JSON text, which holds no tensors"},
      {Pickled("}"), "a plain pickle, but not one by torch.save"},
      {Pickled(Reduce("os", "system", {Text("true")})), "a plain pickle, but not one by torch.save"},
      {"hello", kUnknown},
      {"x", kUnknown},
      {zeros, kUnknown},
  };
  for (const auto& [content, kind] : kFiles) {
    EXPECT_THAT(ReadCheckpoint(WriteFile("foreign", content)),
                StatusIs(absl::StatusCode::kUnimplemented, EndsWith("foreign: is " + kind)));
  }
}

TEST(ForeignKindTest, ZipArchivesAreNamedByTheirMembers) {
  const std::pair<std::string, std::string> kMembers[] = {
      {"pkg/.data/extern_modules", "a torch.package archive"},
      {"model/archive_format", "a torch.export archive (.pt2)"},
      {"serialized_exported_program.json", "a torch.export archive (.pt2)"},
      {"weights.npy", "a NumPy archive (.npz)"},
      {"model.weights.h5", "a Keras model"},
      {"word/document.xml", "a zip archive, but not one by PyTorch: it has no data.pkl"},
  };
  for (const auto& [member, kind] : kMembers) {
    EXPECT_THAT(ReadCheckpoint(WriteZip("foreign.zip", {{member, "x"}})),
                StatusIs(absl::StatusCode::kUnimplemented, EndsWith("is " + kind)));
  }
}

}  // namespace
}  // namespace metaconv
