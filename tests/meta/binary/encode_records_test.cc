#include "meta/binary/encode_records.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "meta/binary/decode_records.h"
#include "meta/equal.h"
#include "meta/record_depth.h"
#include "meta/text_value.h"
#include "tests/meta/binary/sample_model.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RecordModel RoundTrip(const std::vector<NamedTensor>& tensors) {
  return DecodeRecords(EncodeRecords(tensors).value()).value();
}

TEST(EncodeRecordsTest, EveryFieldSurvives) {
  const std::vector<NamedTensor> model = SampleModel();
  const RecordModel read = RoundTrip(model);
  ASSERT_THAT(read.tensors, SizeIs(model.size()));
  for (std::size_t i = 0; i < model.size(); ++i) {
    EXPECT_EQ(read.tensors[i].name, model[i].name);
    EXPECT_THAT(Equal().Differences(*read.tensors[i].desc, *model[i].desc), IsEmpty()) << *model[i].desc;
    // Covers the calls of view functions, which Equal does not compare.
    EXPECT_EQ(AsJson(*read.tensors[i].desc, 0), AsJson(*model[i].desc, 0));
  }
}

TEST(EncodeRecordsTest, OneRecordStaysOneObject) {
  const RecordModel read = RoundTrip(SampleModel());
  EXPECT_EQ(read.tensors[0].desc, read.tensors[2].desc) << "two names of one tensor";
  EXPECT_EQ(read.tensors[1].desc->base, read.tensors[0].desc) << "a base with a name";
  const MetaTensorDesc& every = *read.tensors[6].desc;
  EXPECT_EQ(every.base, every.grad());
  EXPECT_EQ(every.base, every.functorch().unwrapped);
  EXPECT_EQ(every.base, every.wrapper().attrs->at(0).second);
}

TEST(EncodeRecordsTest, BytesOfOpaqueValuesSurvive) {
  const RecordModel read = RoundTrip(SampleModel());
  const MetaTensorDesc& every = *read.tensors[6].desc;
  const WrapperFields& wrapper = every.wrapper();
  EXPECT_EQ(wrapper.opaque_attrs.at(0).second->Encode(), (EncodedValue{"a type", "\x01\xFF"}));
  EXPECT_EQ(wrapper.ctx->Encode(), std::nullopt);
  ASSERT_THAT(every.extras->view_func->captured(), SizeIs(1));
  EXPECT_EQ(every.extras->view_func->captured()[0].desc->id, 12);
  EXPECT_EQ(every.extras->view_func->captured()[0].tensor, nullptr);
}

TEST(EncodeRecordsTest, TheSameRecordsGiveTheSameBytes) {
  const std::string bytes = EncodeRecords(SampleModel(), {{"optimizer", "torch.optim.Adam"}}, 5).value();
  EXPECT_EQ(EncodeRecords(SampleModel(), {{"optimizer", "torch.optim.Adam"}}, 5).value(), bytes);
  const RecordModel read = DecodeRecords(bytes).value();
  EXPECT_EQ(EncodeRecords(read.tensors, read.opaque, read.describer_id).value(), bytes);
  EXPECT_EQ(read.describer_id, 5);
  ASSERT_THAT(read.opaque, SizeIs(1));
  EXPECT_EQ(read.opaque[0].name, "optimizer");
  EXPECT_EQ(read.opaque[0].type, "torch.optim.Adam");
}

TEST(EncodeRecordsTest, AnEmptyModel) { EXPECT_THAT(RoundTrip({}).tensors, IsEmpty()); }

TEST(EncodeRecordsTest, ADenseTensorTakesTwoCacheLinesAndItsName) {
  std::vector<NamedTensor> model;
  for (int i = 0; i < 1000; ++i) model.push_back({"abcdefgh", Share(DenseRecord(i, {4, 8}))});
  EXPECT_LE(EncodeRecords(model)->size(), 1000 * (128 + 8 + 8) + 128);
}

TEST(EncodeRecordsTest, ExtremeNumbers) {
  MetaTensorDesc desc = DenseRecord(std::numeric_limits<std::int64_t>::min(), {2});
  desc.size[0] = std::numeric_limits<std::int64_t>::min();  // Stored in an allocation, as symbolic integers are.
  desc.storage_offset = std::numeric_limits<std::int64_t>::max();
  desc.storage->size = -1;
  const std::vector<NamedTensor> model = {{"a", Share(desc)},
                                          {"b", Share(DenseRecord(std::numeric_limits<std::int64_t>::max(), {}))}};
  const RecordModel read = RoundTrip(model);
  EXPECT_EQ(*read.tensors[0].desc, desc);
  EXPECT_EQ(*read.tensors[1].desc, *model[1].desc);
}

TEST(EncodeRecordsTest, SymbolicValuesAreAnError) {
  const auto error = [](const char* text) { return StatusIs(absl::StatusCode::kUnimplemented, HasSubstr(text)); };
  for (const int dimensions : {1, 7}) {
    MetaTensorDesc desc = DenseRecord(3, std::vector<std::int64_t>(dimensions, 1));
    desc.size[0] = MakeSymbolicInt("s0");
    EXPECT_THAT(EncodeRecords({{"a", Share(desc)}}), error("record 3: size: expected"));
    desc.size[0] = 1;
    (*desc.stride)[0] = MakeSymbolicInt("s0");
    EXPECT_THAT(EncodeRecords({{"a", Share(desc)}}), error("record 3: stride: expected"));
  }
  MetaTensorDesc desc = DenseRecord(3, {1});
  desc.storage->size = MakeSymbolicInt("s0");
  EXPECT_THAT(EncodeRecords({{"a", Share(desc)}}), error("record 3: storage.size: expected"));
  desc.storage.reset();
  desc.storage_offset = MakeSymbolicInt("s0");
  EXPECT_THAT(EncodeRecords({{"a", Share(desc)}}), error("record 3: storage_offset: expected"));
}

TEST(EncodeRecordsTest, RecordsThatCannotBeReadAgainAreAnError) {
  const auto error = [](const char* text) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)); };
  EXPECT_THAT(EncodeRecords({{"a", nullptr}}), error("'a': expected a record, found none"));
  EXPECT_THAT(EncodeRecords({{"a", Share(DenseRecord(0, {}))}, {"b", Share(DenseRecord(0, {}))}}),
              error("record 0: id: expected a unique id"));
  EXPECT_THAT(EncodeRecords({{"\xFF", Share(DenseRecord(0, {}))}}), error("names in UTF-8"));
  MetaTensorDesc desc = DenseRecord(7, {});
  desc.edit_wrapper().ctx = std::make_shared<const TextValue>("\xC0\x80");
  EXPECT_THAT(EncodeRecords({{"a", Share(desc)}}), error("record 7: ctx: expected text in UTF-8"));
}

MetaTensorDescPtr Chain(int length) {
  MetaTensorDescPtr record = Share(DenseRecord(0, {}));
  for (int i = 1; i < length; ++i) record = Share(ViewRecord(i, record));
  return record;
}

TEST(EncodeRecordsTest, DepthIsLimited) {
  EXPECT_EQ(RoundTrip({{"a", Chain(kMaxRecordDepth)}}).tensors[0].desc->id, kMaxRecordDepth - 1);
  EXPECT_THAT(EncodeRecords({{"a", Chain(kMaxRecordDepth + 1)}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nested at most 1000 deep")));
}

}  // namespace
}  // namespace metaconv
