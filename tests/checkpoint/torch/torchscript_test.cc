#include "checkpoint/torch/torchscript.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<Checkpoint> Read(const std::string& data, const std::string& constants) {
  return ReadCheckpoint(WriteZip("script.pt", {{"m/data.pkl", Pickled(data)},
                                               {"m/data/0", std::string(24, '\0')},
                                               {"m/constants.pkl", Pickled(constants)},
                                               {"m/constants/0", std::string(8, '\0')}}));
}

TEST(TorchScriptTest, ModulesAreNotListedAndOtherObjectsAreOpaque) {
  const std::string tensor = TensorV2(Storage("0", 6), 0, {6}, {1});
  const absl::StatusOr<Checkpoint> checkpoint = Read(
      Instance("__torch__", "Model",
               {{Text("weight"), tensor},
                {Text("inner"), Instance("__torch__.package", "Inner", {{Text("bias"), tensor}})},
                {Text("list"), Reduce("torch.jit._pickle", "restore_type_tag", {List({tensor}), Text("List[Tensor]")})},
                {Text("packed"), Global("__torch__.torch.classes.quantized", "LinearPackedParamsBase") + ")\x81" +
                                     Tuple({tensor, "N", "N"}) + "b"}}),
      Tuple({TensorV2(Storage("0", 2), 0, {2}, {1})}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("weight", "inner.bias", "list.0", "packed.state.0", "constants.0"));
  EXPECT_THAT(OpaqueNames(*checkpoint),
              ElementsAre("packed: __torch__.torch.classes.quantized.LinearPackedParamsBase"));
  // Both pickles have a record with the same key. They are different storages.
  EXPECT_EQ(checkpoint->tensors[0].desc->storage->size, 24);
  EXPECT_EQ(checkpoint->tensors[4].desc->storage->size, 8);
}

TEST(TorchScriptTest, ErrorsNameThePickle) {
  EXPECT_THAT(Read("}", Tuple({TensorV2(Storage("0", 2), 0, {3}, {1})})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'm/constants.pkl', offset ")));
}

// TorchScript does not read the record of an empty storage.
TEST(TorchScriptTest, EmptyStoragesNeedNoRecord) {
  EXPECT_THAT(Read(TensorV2(Storage("7", 0), 0, {0}, {1}), ")"), IsOk());
}

}  // namespace
}  // namespace metaconv
