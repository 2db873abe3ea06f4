// Uses an Int8Weight as a weight, describes it, and converts it to a tensor without data.

#include <iostream>

#include "ATen/ATen.h"
#include "converter/meta_converter.h"
#include "examples/int8_weight.h"
#include "meta/as_json.h"

int main() {
  using namespace metaconv::examples;
  const at::Tensor weight = Quantize(at::randn({3, 4}));
  const at::Tensor x = at::randn({2, 4}).set_requires_grad(true);
  at::linear(x, weight).sum().backward();
  std::cout << "the gradient of x:\n" << x.grad() << "\n\n";

  // The record refers to its inner tensors by id. Each inner tensor has a record of its own.
  metaconv::MetaConverter converter;
  metaconv::MetaTensorDescriber& describer = converter.describer();
  const absl::StatusOr<metaconv::MetaTensorDescPtr> record = describer.DescribeTensor(weight);
  if (!record.ok()) {
    std::cerr << record.status() << '\n';
    return 1;
  }
  for (const auto& [name, inner] : *(*record)->wrapper().attrs) {
    std::cout << name << ": " << metaconv::AsJson(*inner, describer.id()) << '\n';
  }
  std::cout << "weight: " << metaconv::AsJson(**record, describer.id()) << "\n\n";

  const absl::StatusOr<at::Tensor> result = converter.Convert(weight);
  if (!result.ok()) {
    std::cerr << result.status() << '\n';
    return 1;
  }
  // The result is an Int8Weight too, and operators compute shapes with it.
  std::cout << "converted: " << result->sizes() << ' ' << result->device() << '\n';
  for (const auto& part : {PartsOf(*result).data, PartsOf(*result).scale, PartsOf(*result).zero_point}) {
    std::cout << "  " << part.sizes() << ' ' << part.scalar_type() << ' ' << part.device() << '\n';
  }
  std::cout << "linear: " << at::linear(x.detach().to(at::kMeta), *result).sizes() << '\n';
}
