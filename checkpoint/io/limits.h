// Limits: how much a reader takes before it gives up on a file.
//
// A checkpoint is often downloaded, and what it says about itself may be false. Lengths are checked against the bytes
// that are really there before anything is allocated; these limits bound what a file that is consistent may still ask
// for. Each is far above what real checkpoints need.
//
// Thread safety: a plain value.

#ifndef METACONV_CHECKPOINT_IO_LIMITS_H_
#define METACONV_CHECKPOINT_IO_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace metaconv {

struct Limits {
  // Inflated size of a pickle inside an archive. A state dict takes about 300 bytes per tensor, so this is for
  // millions.
  std::uint64_t pickle_bytes = std::uint64_t{1} << 30;

  // Memory of the values of one unpickling. One opcode byte may make a value of a hundred bytes.
  std::size_t pickle_heap_bytes = std::size_t{1} << 30;

  // Bytes of a string that are kept. Longer ones are texts that somebody stored beside the tensors, and no names.
  std::uint64_t string_bytes = std::uint64_t{1} << 20;

  // Depth of the unpickler's stack, in values and in marks. Python's pickler recurses, and stops at some 500 levels.
  std::size_t stack_values = std::size_t{1} << 22;
  std::size_t stack_marks = std::size_t{1} << 20;

  // Bytes of a line in a text opcode. Protocol 0 has whole strings on a line, but torch.save writes protocol 2.
  std::size_t line_bytes = std::size_t{1} << 24;

  // Levels of containers in a name, such as 4 in "model.layers.0.weight".
  std::size_t name_depth = 10'000;

  // Bytes of one name.
  std::size_t path_bytes = std::size_t{1} << 16;

  // Names, and the bytes of all of them. A list that holds another twice, which holds another twice, …, has 2^n names.
  std::size_t names = std::size_t{1} << 21;
  std::size_t name_bytes = std::size_t{1} << 28;

  // Items of containers looked at on the way, each time it is met. The same list may be met under every name.
  std::size_t walk_steps = std::size_t{1} << 27;

  // Rebuild functions that one tensor takes: a parameter of a sparse tensor of three parts takes five. They call each
  // other through arguments and states, and a state may hold the very object that it is the state of.
  int rebuild_calls = 64;

  // Dimensions of a tensor. LibTorch's own kernels stop at 64.
  std::size_t dimensions = 1024;

  // The JSON header of a safetensors file. The upstream library has the same limit.
  std::uint64_t safetensors_header_bytes = 100'000'000;

  // Storages of a legacy file, each of which costs a seek to read its length.
  std::size_t legacy_storages = std::size_t{1} << 22;
};

inline constexpr Limits kLimits;

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_LIMITS_H_
