// KindSamples: a source of each kind of tensor that can be converted, for what must hold for all kinds.
//
// Example:
//   for (const KindSample& kind : KindSamples()) {
//     const MadeSample sample = kind.make();
//     EXPECT_THAT(converter.MetaTensor(*sample.record), IsOk()) << kind.name;
//   }
//
// Thread safety: pure functions. What a functorch level belongs to must stay on the thread that made it; its record may
// be converted anywhere.
// Lifetime: a sample keeps its functorch levels open.

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
  FunctorchLevels levels;  // Those that the tensor belongs to; none for most kinds.
  at::Tensor tensor;
  std::shared_ptr<MetaTensorDescriber> describer;  // Has described the tensor and nothing else.
  MetaTensorDescPtr record;
};

struct KindSample {
  std::string name;
  bool needs_levels;
  // A view of a wrapper type, which only operators can make.
  bool needs_operators;
  std::function<MadeSample()> make;
};

inline std::ostream& operator<<(std::ostream& os, const KindSample& kind) { return os << kind.name; }

const std::vector<KindSample>& KindSamples();

// The ids in a record and in all that it names.
struct RecordIds {
  std::set<MetaTensorId> tensors;
  std::set<MetaStorageId> storages;
};
RecordIds IdsOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_KIND_SAMPLES_H_
