// Converts a tensor to the meta device: same sizes and strides, no data.

#include <iostream>

#include "ATen/ATen.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"

int main() {
  const at::Tensor tensor = at::rand({2, 3}).t();
  metaconv::MetaConverter converter;
  absl::StatusOr<at::Tensor> meta = converter.Convert(tensor);
  if (!meta.ok()) {
    std::cerr << meta.status() << '\n';
    return 1;
  }
  std::cout << meta->device() << ' ' << meta->sizes() << ' ' << meta->strides() << '\n';
}
