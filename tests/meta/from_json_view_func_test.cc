// Tests of the calls of view functions in JSON, without decoders. record_decoders_test.cc has those with decoders.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "meta/from_json.h"
#include "meta/named_view_func.h"
#include "nlohmann/json.hpp"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

constexpr char kCalls[] = R"([{"name":"aten::view_as","arguments":[null,{"tensor":0}]}])";

Json ViewDocument(const char* calls, std::vector<CapturedTensor> captured) {
  const MetaTensorDescPtr base = Share(DenseRecord(0, {2}));
  MetaTensorDesc view = ViewRecord(1, base);
  view.extras.Edit().view_func = std::make_shared<const NamedViewFunc>(
      "aten::view_as", EncodedValue{std::string(kOperatorCalls), calls}, std::move(captured));
  Json document = {{"storages", {AsJson(*base->storage, 0)}}, {"tensors", {AsJson(*base, 0), AsJson(view, 0)}}};
  return document;
}

Json CapturingDocument() {
  Json document = ViewDocument(kCalls, {{.desc = Share(DenseRecord(2, {2})), .tensor = {}}});
  const MetaTensorDesc captured = DenseRecord(2, {2});
  document["storages"].push_back(AsJson(*captured.storage, 0));
  document["tensors"].push_back(AsJson(captured, 0));
  return document;
}

TEST(ViewFuncCallsTest, AreKeptWithoutDecoders) {
  const Json document = CapturingDocument();
  EXPECT_EQ(document["tensors"][1]["view_func_calls"].dump(), kCalls);
  EXPECT_EQ(document["tensors"][1]["view_func_captured"].dump(), "[2]");
  const absl::StatusOr<RecordSet> records = RecordsFromJson(document);
  ASSERT_THAT(records, IsOk());
  const MetaTensorDesc& view = *records->tensors.at(1);
  EXPECT_EQ(AsJson(view, 0).dump(), document["tensors"][1].dump());
  ASSERT_THAT(view.extras->view_func->captured(), SizeIs(1));
  EXPECT_EQ(view.extras->view_func->captured()[0].desc, records->tensors.at(2));
}

TEST(ViewFuncCallsTest, AreNotWrittenIfTheyAreNoJson) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  for (const char* calls : {"[", "", "\"\xFF\"", deep.c_str()}) {
    EXPECT_FALSE(ViewDocument(calls, {})["tensors"][1].contains("view_func_calls"));
  }
}

absl::Status Changed(const char* pointer, const char* value) {
  Json document = CapturingDocument();
  document[Json::json_pointer(pointer)] = Json::parse(value);
  return RecordsFromJson(document).status();
}

TEST(ViewFuncCallsTest, AreCheckedWithTheirRecord) {
  const auto error = [](const char* text) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)); };
  EXPECT_THAT(Changed("/tensors/1/view_func", "\"_CustomViewFunc(func=as_strided)\""),
              error("record 1: view_func: expected the name of the calls, found none"));
  EXPECT_THAT(Changed("/tensors/0/view_func_captured", "[]"),
              error("record 0: view_func_calls: expected the calls that captured tensors, found none"));
  EXPECT_THAT(Changed("/tensors/1/view_func_captured", "[7]"),
              error("record 1: view_func_captured: expected the id of a record in this document, found 7"));
  EXPECT_THAT(Changed("/tensors/1/view_func_captured", "[null]"),
              error("record 1: view_func_captured: expected the id of a record, found null"));
  EXPECT_THAT(Changed("/tensors/1/view_func_captured", "2"), error("view_func_captured: expected a list, found 2"));
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  EXPECT_THAT(Changed("/tensors/1/view_func_calls", deep.c_str()), error("expected values nested at most 16 deep"));
}

TEST(ViewFuncCallsTest, ARecordThatCapturesItselfIsAnError) {
  EXPECT_THAT(Changed("/tensors/1/view_func_captured", "[1]"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("record 1: view_func: expected records that do not contain themselves")));
}

}  // namespace
}  // namespace metaconv
