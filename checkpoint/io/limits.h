// Limits: the resources that reading a file may use, beyond which it fails with kResourceExhausted.
//
// Checkpoints are often downloaded from untrusted sources. Before memory is allocated, each length is compared with the
// number of bytes that the file has; these limits bound what a consistent file can still request. Each is far above
// what real checkpoints need.
//
// Thread safety: a plain value.

#ifndef METACONV_CHECKPOINT_IO_LIMITS_H_
#define METACONV_CHECKPOINT_IO_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace metaconv {

struct Limits {
  // Decompressed size of a pickle in an archive. A state dict takes about 300 bytes per tensor, so this is enough for
  // millions of tensors.
  std::uint64_t pickle_bytes = std::uint64_t{1} << 30;

  // Memory of the values of one pickle. An opcode of one byte can make a value of a hundred bytes.
  std::size_t pickle_heap_bytes = std::size_t{1} << 30;

  // Bytes of a string that are kept; the rest is skipped. Longer strings are texts that were stored together with the
  // tensors, not names.
  std::uint64_t string_bytes = std::uint64_t{1} << 20;

  // Depth of the unpickler's stack, in values and in marks. Python's pickler is recursive and fails at about 500
  // levels.
  std::size_t stack_values = std::size_t{1} << 22;
  std::size_t stack_marks = std::size_t{1} << 20;

  // Bytes of a line that a text opcode reads. Protocol 0 writes a whole string on a line, but torch.save uses protocol
  // 2.
  std::size_t line_bytes = std::size_t{1} << 24;

  // Depth of nested containers, and so of names: "model.layers.0.weight" has 4 levels.
  std::size_t name_depth = 10'000;

  // Bytes of one name.
  std::size_t path_bytes = std::size_t{1} << 16;

  // Number of names, and their bytes together. n lists, each of which contains the next one twice, have 2^n names.
  std::size_t names = std::size_t{1} << 21;
  std::size_t name_bytes = std::size_t{1} << 28;

  // Container items visited while names are collected. An item counts each time that it is visited, and a list may be
  // visited under every name.
  std::size_t walk_steps = std::size_t{1} << 27;

  // Calls of rebuild functions for one tensor: a sparse parameter of three parts takes five. Their arguments and states
  // contain other calls, and a state can contain the object that it belongs to.
  int rebuild_calls = 64;

  // Dimensions of a tensor. LibTorch's kernels support 64.
  std::size_t dimensions = 1024;

  // Bytes of the JSON header of a safetensors file. The safetensors library has the same limit. Parsing the header takes
  // up to seven times as much memory.
  std::uint64_t safetensors_header_bytes = 100'000'000;

  // Storages of a file of the legacy format. Each needs a separate read, of its length.
  std::size_t legacy_storages = std::size_t{1} << 22;
};

inline constexpr Limits kLimits;

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_LIMITS_H_
