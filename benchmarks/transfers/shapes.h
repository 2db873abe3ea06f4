// Shape: numbers and sizes of storages, as models have them.
//
// Example:
//   for (const Shape& shape : Shapes(/*max_bytes=*/std::int64_t{8} << 30)) LoadModel(shape.count, shape.size);
//
// Thread safety: plain values.
// Lifetime: static.

#ifndef METACONV_BENCHMARKS_TRANSFERS_SHAPES_H_
#define METACONV_BENCHMARKS_TRANSFERS_SHAPES_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace metaconv {

struct Shape {
  std::string name;
  std::int64_t count = 0;
  std::int64_t size = 0;  // Of each storage, in bytes.

  std::int64_t bytes() const { return count * size; }
};

// The shape with the same name and at most `max_bytes` bytes in all: in fewer storages or, if it has only one, in a
// smaller one. Sizes stay multiples of 8.
inline Shape Within(Shape shape, std::int64_t max_bytes) {
  shape.size = std::min(shape.size, max_bytes / 8 * 8);
  shape.count = std::min(shape.count, max_bytes / shape.size);
  return shape;
}

inline constexpr char kLarge[] = "large", kModel[] = "model", kSmall[] = "small", kTiny[] = "tiny";

inline std::vector<Shape> Shapes(std::int64_t max_bytes) {
  return {Within({kLarge, 1, std::int64_t{8} << 30}, max_bytes),
          Within({kModel, 300, std::int64_t{27} << 20}, max_bytes),
          Within({kSmall, 3'000, std::int64_t{64} << 10}, max_bytes),
          Within({kTiny, 100'000, std::int64_t{1} << 10}, max_bytes)};
}

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_SHAPES_H_
