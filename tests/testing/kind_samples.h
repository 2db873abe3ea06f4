// KindSamples: a source tensor of each supported kind, for tests of properties that all kinds have.
//
// Example:
//   for (const KindSample& kind : KindSamples()) {
//     const MadeSample sample = kind.make();
//     EXPECT_THAT(converter.MetaTensor(*sample.record), IsOk()) << kind.name;
//   }
//
// Thread safety: pure functions. A sample with functorch levels must stay on the thread that created it. Its record may
// be converted on any thread.
// Lifetime: the functorch levels of a sample stay open while it exists.

#ifndef METACONV_TESTS_TESTING_KIND_SAMPLES_H_
#define METACONV_TESTS_TESTING_KIND_SAMPLES_H_

#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "describer/meta_tensor_describer.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/functorch_levels.h"

namespace metaconv {

struct MadeSample {
  FunctorchLevels levels;  // The functorch levels of the tensor. Most kinds have none.
  at::Tensor tensor;
  std::shared_ptr<MetaTensorDescriber> describer;  // Has described only this tensor.
  MetaTensorDescPtr record;
};

struct KindSample {
  std::string name;
  bool needs_levels;
  // A view of a wrapper type, which requires view operators.
  bool needs_operators;
  std::function<MadeSample()> make;
};

inline std::ostream& operator<<(std::ostream& os, const KindSample& kind) { return os << kind.name; }

const std::vector<KindSample>& KindSamples();

// The ids in a record and in its nested records.
struct RecordIds {
  std::set<MetaTensorId> tensors;
  std::set<MetaStorageId> storages;
};
RecordIds IdsOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_KIND_SAMPLES_H_
