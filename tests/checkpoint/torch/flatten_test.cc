#include "checkpoint/torch/flatten.h"

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
using testing::IsEmpty;

// Put(100) stores it in the memo.
const std::string kTensor = TensorV2(Storage("0", 6), 0, {6}, {1}) + Put(100);
const std::string kSame = Get(100);

absl::StatusOr<Checkpoint> Read(const std::string& value) {
  return ReadCheckpoint(WriteTorchZip("flatten.pt", Pickled(value), {24}));
}

TEST(FlattenTest, KeysAreConvertedAsInPython) {
  const absl::StatusOr<Checkpoint> checkpoint =
      Read(Dict({{Text("text"), kTensor},
                 {Int(-7), kSame},
                 {"N", kSame},
                 {"\x88", kSame},
                 {Tuple({Int(1), Text("a")}), kSame},
                 {std::string("G\x3f\xf0\x00\x00\x00\x00\x00\x00", 9), kSame},
                 {Reduce("_codecs", "encode", {Text("é\x01"), Text("latin1")}), kSame},
                 {Global("torch", "float32"), kSame}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint),
              ElementsAre("text", "-7", "None", "True", "(1, 'a')", "1.0", "b'\\xe9\\x01'", "torch.float32"));
}

TEST(FlattenTest, NamesAreAlwaysUtf8) {
  const absl::StatusOr<Checkpoint> checkpoint = Read(Dict({{Text("a\xff\xed\xa0\x80z"), kTensor}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a\\xff\\xed\\xa0\\x80z"));
}

TEST(FlattenTest, ANameInUseGetsANumber) {
  const absl::StatusOr<Checkpoint> checkpoint =
      Read(Dict({{Text("a.b"), kTensor},
                 {Text("a"), Dict({{Text("b"), kSame}, {Text("b#2"), kSame}})},
                 {Int(1), kSame},
                 {Text("1"), kSame}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a.b", "a.b#2", "a.b#2#2", "1", "1#2"));
}

TEST(FlattenTest, ARepeatedKeyHasItsLastValueInItsFirstPlace) {
  const absl::StatusOr<Checkpoint> checkpoint =
      Read(Dict({{Text("a"), Int(1)}, {Text("b"), kTensor}, {Text("a"), kSame}, {Text("b"), "N"}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a"));
}

TEST(FlattenTest, ModulesAreListedAsInPython) {
  const std::string ordered = Global("collections", "OrderedDict") + ")R";
  const auto module = [&](const std::string& parameters, const std::string& modules, const std::string& plain) {
    return Instance("torch.nn.modules.container", "Sequential",
                    {{Text("plain"), plain},
                     {Text("_modules"), modules},
                     {Text("_parameters"), parameters},
                     {Text("_buffers"), ordered}});
  };
  const std::string inner = module(Dict({{Text("weight"), kTensor}, {Text("bias"), "N"}}), ordered, "N");
  const absl::StatusOr<Checkpoint> checkpoint =
      Read(module(Dict({{Text("scale"), kTensor}}), Dict({{Text("0"), inner}}), List({kTensor})));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("scale", "0.weight", "plain.0"));
}

TEST(FlattenTest, UnknownObjectsHaveTheirPartsInThePickle) {
  const absl::StatusOr<Checkpoint> checkpoint = Read(
      Dict({{Text("x"), Reduce("gone", "make", {Int(1), kTensor, List({kSame})}) + kSame + "a" + Text("key") + kSame +
                            "s" + Tuple({Dict({{Text("attribute"), kSame}}), Dict({{Text("slot"), kSame}})}) + "b"},
            {Text("y"), Global("gone", "Other") + ")\x81" + List({kSame}) + "b"},
            {Text("f"), Global("gone", "function")}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint),
              ElementsAre("x.args.1", "x.args.2.0", "x.0", "x.key", "x.attribute", "x.slot", "y.state.0"));
  EXPECT_THAT(OpaqueNames(*checkpoint), ElementsAre("x: gone.make", "y: gone.Other", "f: gone.function"));
}

TEST(FlattenTest, ReconstructorsAreListedAsTheirClass) {
  const absl::StatusOr<Checkpoint> checkpoint =
      Read(Reduce("copy_reg", "_reconstructor", {Global("gone", "Class"), Global("__builtin__", "object"), "N"}) +
           Dict({{Text("w"), kTensor}}) + "b");
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("w"));
  EXPECT_THAT(OpaqueNames(*checkpoint), ElementsAre(": gone.Class"));
}

TEST(FlattenTest, ContainersInsideThemselvesAreNotEnteredAgain) {
  const absl::StatusOr<Checkpoint> checkpoint =
      Read("]" + Put(1) + "(" + kTensor + Get(1) + "}" + Put(2) + Text("self") + Get(2) + "s" + "e");
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("0"));
  EXPECT_THAT(Read(Global("gone", "Class") + ")\x81" + Put(1) + Dict({{Text("me"), Get(1)}}) + "b"), IsOk());
}

// Each level contains the one below twice.
std::string Doubling(const std::string& innermost, int levels) {
  std::string out = innermost;
  for (int i = 0; i < levels; ++i) out += Put(1) + "0](" + Get(1) + Get(1) + "e";
  return out;
}

TEST(FlattenTest, TheNumberOfNamesIsLimited) {
  const absl::StatusOr<Checkpoint> few = Read(Doubling(kTensor, 10));
  ASSERT_THAT(few, IsOk());
  EXPECT_EQ(few->tensors.size(), 1024u);
  EXPECT_THAT(Read(Doubling(kTensor, 200)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected at most 2097152 names")));
}

TEST(FlattenTest, EmptyContainersAreVisitedOnce) {
  const absl::StatusOr<Checkpoint> checkpoint = Read(Doubling("]", 200));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(checkpoint->tensors, IsEmpty());
}

TEST(FlattenTest, DeeplyNestedContainersAreAnError) {
  EXPECT_THAT(Read("N" + Repeat("\x85", 1'000'000)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected at most 10000 levels of containers")));
  EXPECT_THAT(Read(Repeat("]", 100'000) + Repeat("a", 99'999)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected at most 10000 levels of containers")));
  std::string parameters = kTensor;
  for (int i = 0; i < 1000; ++i) {
    parameters =
        "c"
        "torch._utils\n_rebuild_parameter\n(" +
        parameters + "\x88}tR";
  }
  EXPECT_THAT(Read(parameters), IsOk());
}

// A chain of type tags is followed each time that it is visited.
TEST(FlattenTest, LongChainsOfTagsAreFollowed) {
  std::string tagged = kTensor;
  for (int i = 0; i < 100; ++i) tagged = "ctorch.jit._pickle\nrestore_type_tag\n(" + tagged + "NtR";
  const absl::StatusOr<Checkpoint> checkpoint = Read(List({tagged, kSame}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("0", "1"));
}

TEST(FlattenTest, LongNamesAreAnError) {
  EXPECT_THAT(Read(Dict({{Text(std::string(100'000, 'x')), kTensor}})),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected names of at most 65536 bytes")));
}

}  // namespace
}  // namespace metaconv
