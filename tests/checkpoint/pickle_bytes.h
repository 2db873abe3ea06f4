// Builders of pickles: each function returns the opcodes that push one value.
//
// Example:
//   Pickled(Dict({{Text("weight"), TensorV2(Storage("0", 6), 0, {2, 3}, {3, 1})}}));
//   Pickled(Reduce("os", "system", {Text("true")}));

#ifndef METACONV_TESTS_CHECKPOINT_PICKLE_BYTES_H_
#define METACONV_TESTS_CHECKPOINT_PICKLE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metaconv {

// The value as `width` little-endian bytes.
inline std::string LittleEndian(std::uint64_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string Repeat(std::string_view piece, std::size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

// A complete pickle of one value.
inline std::string Pickled(const std::string& value) { return "\x80\x02" + value + "."; }

inline std::string Text(std::string_view text) { return "X" + LittleEndian(text.size(), 4) + std::string(text); }

inline std::string Int(std::int64_t value) { return "\x8a\x08" + LittleEndian(static_cast<std::uint64_t>(value), 8); }

inline std::string Bool(bool value) { return value ? "\x88" : "\x89"; }

inline std::string Join(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += value;
  return out;
}

inline std::string Tuple(const std::vector<std::string>& values) { return "(" + Join(values) + "t"; }
inline std::string List(const std::vector<std::string>& values) { return "](" + Join(values) + "e"; }

inline std::string Ints(const std::vector<std::int64_t>& values) {
  std::vector<std::string> pushes;
  for (const std::int64_t value : values) pushes.push_back(Int(value));
  return Tuple(pushes);
}

inline std::string Dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += key + value;
  return out + "u";
}

inline std::string Global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}

inline std::string Reduce(std::string_view module, std::string_view name, const std::vector<std::string>& args) {
  return Global(module, name) + Tuple(args) + "R";
}

// An instance with attributes.
inline std::string Instance(std::string_view module, std::string_view name,
                            const std::vector<std::pair<std::string, std::string>>& attributes) {
  return Global(module, name) + ")\x81" + Dict(attributes) + "b";
}

inline std::string Storage(std::string_view key, std::int64_t numel, std::string_view type = "FloatStorage",
                           std::string_view location = "cpu") {
  return Tuple({Text("storage"), Global("torch", type), Text(key), Text(location), Int(numel)}) + "Q";
}

inline std::string TensorV2(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& size,
                            const std::vector<std::int64_t>& stride, bool requires_grad = false) {
  return Reduce("torch._utils", "_rebuild_tensor_v2",
                {storage, Int(offset), Ints(size), Ints(stride), Bool(requires_grad), "}"});
}

// Stores the topmost value of the stack in the memo; pushes it from the memo.
inline std::string Put(int key) { return "q" + LittleEndian(static_cast<std::uint64_t>(key), 1); }
inline std::string Get(int key) { return "h" + LittleEndian(static_cast<std::uint64_t>(key), 1); }

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_PICKLE_BYTES_H_
