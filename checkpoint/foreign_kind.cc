#include "checkpoint/foreign_kind.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/zip_archive.h"

namespace metaconv {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view kind;
};

constexpr Signature kSignatures[] = {
    {0, "version https://git-lfs"sv, "a git-lfs pointer, not the file that it stands for (see `git lfs pull`)"sv},
    {0, "GGUF"sv, "a GGUF model"sv},
    {0, "lmgg"sv, "a GGML model"sv},
    {0, "tjgg"sv, "a GGML model"sv},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file"sv},
    {0, "\x93NUMPY"sv, "a NumPy array (.npy)"sv},
    {0, "\x1f\x8b"sv, "a gzip file, which has to be unpacked first"sv},
    {0, "BZh"sv, "a bzip2 file, which has to be unpacked first"sv},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "an xz file, which has to be unpacked first"sv},
    {0, "\x28\xb5\x2f\xfd"sv, "a zstd file, which has to be unpacked first"sv},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive, which has to be unpacked first"sv},
    {0, "Rar!"sv, "a RAR archive, which has to be unpacked first"sv},
    {0,
     "\x7f"
     "ELF"sv,
     "a program or a shared library"sv},
    {4, "PTMF"sv, "a PyTorch mobile module in flatbuffer form (.ptl)"sv},
    {4, "ET12"sv, "an ExecuTorch program (.pte)"sv},
    {4, "TFL3"sv, "a TensorFlow Lite model"sv},
    // Pickles of protocol 0, which is text. Those of later protocols begin with the opcode PROTO and are found below.
    {0, "(dp0\n"sv, "a plain pickle, but not one by torch.save"sv},
    {0, "(lp0\n"sv, "a plain pickle, but not one by torch.save"sv},
    {0, "ccopy_reg\n"sv, "a plain pickle, but not one by torch.save"sv},
    {0, "ccollections\n"sv, "a plain pickle, but not one by torch.save"sv},
    {0, "cos\n"sv, "a plain pickle, but not one by torch.save"sv},
    {0, "cposix\n"sv, "a plain pickle, but not one by torch.save"sv},
    {257, "ustar"sv, "a tar archive, but not one by torch.save"sv},
};

// Members by which the kind of a zip archive is known. `member` is the last component of a member's path, or with a
// leading '*' the end of it.
struct ZipSignature {
  std::string_view member;
  std::string_view kind;
};

constexpr ZipSignature kZipSignatures[] = {
    {"extern_modules", "a torch.package archive"},
    {"archive_format", "a torch.export archive (.pt2)"},
    {"archive_version", "a torch.export archive (.pt2)"},
    {"serialized_exported_program.json", "a torch.export archive (.pt2)"},
    {"model.json", "a TorchScript archive of before PyTorch 1.4"},
    {"model.weights.h5", "a Keras model"},
    {"*.npy", "a NumPy archive (.npz)"},
};

bool Matches(std::string_view member, std::string_view pattern) {
  if (pattern.starts_with('*')) return member.ends_with(pattern.substr(1));
  return member == pattern || (member.ends_with(pattern) && member[member.size() - pattern.size() - 1] == '/');
}

std::string_view ZipKind(const ZipArchive& archive) {
  for (const ZipSignature& signature : kZipSignatures) {
    for (const ZipMember& member : archive.members()) {
      if (Matches(member.name, signature.member)) return signature.kind;
    }
  }
  return "a zip archive, but not one by PyTorch: it has no data.pkl";
}

// ONNX models and TensorFlow SavedModels are protocol buffers, which have no signature. ONNX's ModelProto begins with
// ir_version (field 1) and the producer's name (field 2, a short text); TensorFlow's SavedModel with its schema version
// (field 1, always 1) and a graph (field 2).
std::string_view ProtocolBufferKind(std::string_view head) {
  if (head.size() < 16 || head[0] != 0x08 || head[1] < 1 || head[1] > 0x20) return "";
  if (head[2] == 0x12) {
    const std::size_t length = static_cast<unsigned char>(head[3]);
    const std::string_view text = head.substr(4, length);
    if (length < 0x40 && text.size() == length && std::all_of(text.begin(), text.end(), [](char c) {
          return absl::ascii_isprint(static_cast<unsigned char>(c));
        })) {
      return "an ONNX model";
    }
    return head[1] == 1 ? "a TensorFlow SavedModel" : "";
  }
  return head[2] == 0x3a || head[2] == 0x42 ? "an ONNX model" : "";
}

std::string_view TextKind(std::string_view head) {
  const std::size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  head.remove_prefix(begin);
  if (head.starts_with("<!DOCTYPE") || head.starts_with("<!doctype") || head.starts_with("<html")) {
    return "an HTML page, perhaps the answer of a download that failed";
  }
  if (head.starts_with("{\"") || head.starts_with("{\n")) return "a JSON text, which holds no tensors";
  return "";
}

}  // namespace

std::optional<std::string> ForeignKind(const FileProbe& probe) {
  if (probe.file->size() == 0) return "an empty file";
  if (probe.zip.has_value()) return std::string(ZipKind(*probe.zip));
  const std::string_view head = probe.head;
  for (const Signature& signature : kSignatures) {
    if (head.size() > signature.offset && head.substr(signature.offset).starts_with(signature.bytes)) {
      return std::string(signature.kind);
    }
  }
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 0 && head[1] <= 5) {
    return "a plain pickle, but not one by torch.save";
  }
  for (const auto kind : {ProtocolBufferKind(head), TextKind(head)}) {
    if (!kind.empty()) return std::string(kind);
  }
  return std::nullopt;
}

}  // namespace metaconv
