// A shared library with a C interface, made of metaconv's targets: a plugin, or a Python extension.

#include <cstddef>
#include <cstdio>
#include <sstream>

#include "ATen/ATen.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"

// Writes the sizes and the device of a converted tensor, or the error, to `text`. Returns 0 if the tensor was converted.
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
