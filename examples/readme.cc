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
  // The same shape, strides and offset, and a view of the base's result: no data, but one version counter.
  std::cout << meta->sizes() << meta->strides() << meta->storage_offset() << meta->device() << '\n';
  std::cout << meta->_base().is_same(converter.Convert(base).value()) << '\n';

  // The record in between outlives the process.
  std::cout << metaconv::AsJson(**converter.describer().DescribeTensor(view), converter.describer().id()) << '\n';
}
