#include <iostream>
#include <vector>

#include "ATen/ATen.h"
#include "converter/meta_converter.h"

int main() {
  at::Tensor base = at::randn({6, 4});
  at::Tensor view = base.slice(/*dim=*/0, 2, 5).t();

  metaconv::MetaConverter converter;
  absl::StatusOr<std::vector<at::Tensor>> meta = converter.ConvertAll({base, view});
  if (!meta.ok()) {
    std::cerr << meta.status() << '\n';
    return 1;
  }
  // Same shapes, strides and offsets, but no data. The result of `view` is a view of the result of `base`.
  std::cout << meta->at(1).sizes() << meta->at(1).strides() << meta->at(1)._base().is_same(meta->at(0)) << '\n';

  // The record that a result was made from can be saved and converted in another process.
  std::cout << **converter.describer().DescribeTensor(view) << '\n';
}
