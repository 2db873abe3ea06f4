// A shared library with a C interface that links metaconv, such as a plugin or a Python extension module.

#include <cstddef>
#include <cstdio>
#include <sstream>

#include "ATen/ATen.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"

// Converts a tensor, and writes the sizes and the device of the result, or the error, to `text`. Returns 0 on success.
extern "C" int convert_example(char* text, std::size_t size) {
  metaconv::MetaConverter converter;
  const absl::StatusOr<at::Tensor> meta = converter.Convert(at::rand({2, 3}).t());
  std::ostringstream out;
  if (meta.ok()) {
    out << meta->sizes() << " on " << meta->device();
  } else {
    out << meta.status();
  }
  std::snprintf(text, size, "%s", out.str().c_str());
  return meta.ok() ? 0 : 1;
}
