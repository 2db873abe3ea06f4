#include <iostream>

#include "ATen/ATen.h"
#include "converter/meta_converter.h"
#include "meta/as_json.h"

int main() {
  at::Tensor base = at::randn({6, 4});
  at::Tensor view = base.slice(/*dim=*/0, 2, 5).t();

  metaconv::MetaConverter converter;
  absl::StatusOr<at::Tensor> meta = converter.Convert(view);
  if (!meta.ok()) {
    std::cerr << meta.status() << '\n';
    return 1;
  }
  // Same shape, strides and offset as `view`, but no data. A view of the base's result: they share a version counter.
  std::cout << meta->sizes() << meta->strides() << meta->storage_offset() << meta->device() << '\n';
  std::cout << meta->_base().is_same(converter.Convert(base).value()) << '\n';

  // The record that the result was made from can be saved as JSON and converted in another process.
  std::cout << metaconv::AsJson(**converter.describer().DescribeTensor(view), converter.describer().id()) << '\n';
}
