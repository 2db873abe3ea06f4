#include "meta/from_json.h"

#include <cstddef>
#include <fstream>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "meta/meta_tensor_desc_fields.h"
#include "nlohmann/json.hpp"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

Json Document(const std::vector<MetaTensorDesc>& tensors, const std::vector<MetaStorageDesc>& storages) {
  Json document = {{"storages", Json::array()}, {"tensors", Json::array()}};
  for (const MetaStorageDesc& desc : storages) document["storages"].push_back(AsJson(desc, 0));
  for (const MetaTensorDesc& desc : tensors) document["tensors"].push_back(AsJson(desc, 0));
  return document;
}

void ExpectRoundTrip(const Json& document) {
  const absl::StatusOr<RecordSet> records = RecordsFromJson(document);
  ASSERT_THAT(records, IsOk());
  ASSERT_EQ(records->tensors.size(), document.at("tensors").size());
  ASSERT_EQ(records->storages.size(), document.at("storages").size());
  for (const Json& json : document.at("storages")) {
    EXPECT_EQ(AsJson(records->storages.at(json.at("id")), json.at("describer_id")), json);
  }
  for (const Json& json : document.at("tensors")) {
    // Compared as text, so that the order of the fields matters.
    EXPECT_EQ(AsJson(*records->tensors.at(json.at("id")), json.at("describer_id")).dump(), json.dump());
  }
}

Json ReadJson(const char* path) {
  std::ifstream file(path);
  return Json::parse(file);
}

// The values of our records for fields in which the reference writes values that are not part of a record.
void AsOurs(Json& document) {
  for (Json& record : document.at("tensors")) {
    const bool is_named = record.contains("view_func") && record["view_func"] != "_CustomViewFunc" &&
                          record["view_func"] != "_CustomViewFunc(func=none)";
    if (record.contains("view_func") && !is_named) {
      record["view_func"] =
          record.contains("is_view") ? "_CustomViewFunc(func=as_strided)" : "_CustomViewFunc(func=none)";
    }
    if (record.contains("functorch_stack") && record["functorch_stack"].is_array()) {
      record["functorch_stack"] = record["functorch_stack"].dump();
    }
    if (record.contains("autograd_meta_from")) record.erase("autograd_meta_from");
  }
}

TEST(RecordsFromJsonTest, TheReferencesCases) {
  const Json golden = ReadJson("tests/reference/golden/inmemory.json");
  for (const Json& one : golden.at("cases")) {
    SCOPED_TRACE(one.at("name"));
    Json document = {{"storages", one.at("describe").at("storages")}, {"tensors", one.at("describe").at("tensors")}};
    AsOurs(document);
    ExpectRoundTrip(document);
  }
}

TEST(RecordsFromJsonTest, TheReferencesRecipes) {
  const Json golden = ReadJson("tests/reference/golden/recipes.json");
  std::size_t count = 0;
  for (const Json& one : golden.at("recipes")) {
    const Json& answer = one.at("answer");
    if (!answer.contains("describe") || !answer.at("describe").is_object()) continue;
    SCOPED_TRACE(one.at("recipe").at("name"));
    Json document = {{"storages", answer.at("describe").at("storages")},
                     {"tensors", answer.at("describe").at("tensors")}};
    AsOurs(document);
    ExpectRoundTrip(document);
    ++count;
  }
  EXPECT_GT(count, 500u);
}

class Text final : public OpaqueValue {
 public:
  std::string Repr() const override { return "BlockSize(32)"; }
};

TEST(RecordsFromJsonTest, EveryField) {
  const MetaStorageDesc storage = StorageRecord(7, 1024);
  const MetaTensorDescPtr part = Share(DenseRecord(1, {2, 3}));
  const auto opaque = std::make_shared<const Text>();
  MetaTensorDesc desc = DenseRecord(5, {4, 4});
  desc.dtype = c10::kComplexFloat;
  desc.device = c10::Device("cuda:1");
  desc.edit_attributes().dynamo_dynamic_indices = {0, 1};
  desc.edit_attributes().dynamo_hint_overrides = {{-1, 8}, {1, 16}};
  desc.layout = c10::Layout::SparseBsr;
  ForEachField([&](const FieldInfo&, auto field) {
    if constexpr (std::is_same_v<decltype(field(desc)), bool&>) field(desc) = true;
  });
  desc.edit_attributes().nested_int = 3;
  desc.edit_attributes().persistent = false;
  desc.storage_offset = 2;
  desc.storage = storage;
  desc.edit_sparse().sparse_dim = 2;
  desc.edit_sparse().dense_dim = 0;
  desc.edit_sparse().is_coalesced = false;
  for (MetaTensorDescPtr SparseFields::*field :
       {&SparseFields::crow_indices, &SparseFields::col_indices, &SparseFields::ccol_indices,
        &SparseFields::row_indices, &SparseFields::values}) {
    desc.edit_sparse().*field = part;
  }
  desc.edit_sparse().indices = part;
  desc.edit_nested().sizes = {{2, 5}, {}};
  desc.edit_nested().strides = {{5, 1}};
  desc.edit_nested().offsets = {0, 10};
  desc.edit_functorch().unwrapped = desc.base = desc.extras.Edit().grad = part;
  desc.edit_functorch().bdim = 1;
  desc.edit_wrapper().attrs = {{"data", part}, {"scale", nullptr}};
  desc.edit_wrapper().opaque_attrs = {{"axis", opaque}, {"mode", nullptr}};
  desc.creation_meta = CreationMeta::kNoGradMode;
  desc.edit_wrapper().ctx = desc.extras.Edit().fake_mode = desc.edit_functorch().functorch_stack = opaque;
  desc.edit_wrapper().type = "Int8Weight";
  desc.edit_functorch().level = -2;
  desc.edit_functorch().current_level = 1;
  const Json document = Document({desc, *part}, {storage, *part->storage});
  ExpectRoundTrip(document);

  const absl::StatusOr<RecordSet> records = RecordsFromJson(document);
  ASSERT_THAT(records, IsOk());
  const MetaTensorDesc& read = *records->tensors.at(5);
  EXPECT_EQ(read.base, records->tensors.at(1)) << "one object, wherever it is nested";
  EXPECT_EQ(read.functorch().unwrapped, read.base);
  EXPECT_EQ(read.wrapper().attrs->at(0).second, read.base);
  EXPECT_EQ(*read.storage, records->storages.at(7));
  EXPECT_EQ(read.wrapper().ctx->Repr(), "BlockSize(32)");
  EXPECT_EQ(read, desc) << read;
}

TEST(RecordsFromJsonTest, ViewFunctionsKeepTheirName) {
  Json document = Document({DenseRecord(0, {2})}, {StorageRecord(0, 8)});
  EXPECT_EQ(RecordsFromJson(document)->tensors.at(0)->extras->view_func, nullptr);
  document["tensors"][0]["view_func"] = "_CustomViewFunc(func=as_strided)";
  EXPECT_EQ(RecordsFromJson(document)->tensors.at(0)->extras->view_func, nullptr);
  for (const char* name : {"aten::select.int", ""}) {
    document["tensors"][0]["view_func"] = std::string("_CustomViewFunc(func=") + name + ")";
    ExpectRoundTrip(document);
    EXPECT_EQ(RecordsFromJson(document)->tensors.at(0)->extras->view_func->Name(), name);
  }
}

TEST(RecordsFromJsonTest, AnyOrder) {
  const MetaTensorDescPtr base = Share(DenseRecord(9, {2}));
  ExpectRoundTrip(Document({ViewRecord(3, base), *base}, {*base->storage}));
  ExpectRoundTrip(Document({*base, ViewRecord(3, base)}, {*base->storage}));
  ExpectRoundTrip(Document({}, {}));
}

// A chain of records, each of which is the base of the previous one.
Json Chain(int length) {
  Json record = AsJson(DenseRecord(0, {2}), 0);
  Json document = Document({}, {StorageRecord(0, 8)});
  record["storage"] = 0;
  for (int i = 0; i < length; ++i) {
    record["id"] = i;
    record["base"] = i + 1 == length ? Json(nullptr) : Json(i + 1);
    document["tensors"].push_back(record);
  }
  return document;
}

TEST(RecordsFromJsonTest, DeepRecords) {
  EXPECT_THAT(RecordsFromJson(Chain(kMaxRecordDepth)), IsOk());
  EXPECT_THAT(RecordsFromJson(Chain(kMaxRecordDepth + 1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "record 0: base: expected records nested at most 1000 deep, found more"));
  EXPECT_THAT(RecordsFromJson(Chain(200000)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nested at most 1000 deep")));
}

TEST(RecordsFromJsonTest, Cycles) {
  Json document = Chain(4);
  document["tensors"][3]["grad"] = 1;
  EXPECT_THAT(
      RecordsFromJson(document),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "record 3: grad: expected records that do not contain themselves, found record 1, which contains "
               "this one"));
  document["tensors"][3]["grad"] = 3;
  EXPECT_THAT(RecordsFromJson(document),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("record 3: grad: expected records that do not contain themselves, found record 3")));
  document["tensors"][3].erase("grad");
  document["tensors"][2]["attrs"] = {{"data", 0}};
  EXPECT_THAT(RecordsFromJson(document),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("record 2: data: expected records that do not")));
}

struct Case {
  const char* pointer;  // The JSON pointer to replace in a document with one record; a null value removes it.
  const char* value;
  const char* message;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

class MalformedTest : public testing::TestWithParam<Case> {};

TEST_P(MalformedTest, IsAnErrorThatNamesTheField) {
  Json document = Document({DenseRecord(3, {2, 4})}, {StorageRecord(3, 32)});
  const Json::json_pointer pointer{std::string(GetParam().pointer)};
  if (GetParam().value == nullptr) {
    document[pointer.parent_pointer()].erase(pointer.back());
  } else {
    document[pointer] = Json::parse(GetParam().value);
  }
  EXPECT_THAT(RecordsFromJson(document), StatusIs(GetParam().code, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedTest,
    testing::Values(
        Case{"", "[]", "document: expected an object, found a list"},
        Case{"/tensors", nullptr, "document: tensors: expected a value, found none"},
        Case{"/tensors", "{}", "document: tensors: expected a list, found an object"},
        Case{"/tensors", "[1]", "tensors[0]: expected an object, found 1"},
        Case{"/more", "1", "document: 'more': expected a known field, found an unknown one"},
        Case{"/storages/0", "null", "storages[0]: expected an object, found null"},
        Case{"/storages/0/id", nullptr, "storages[0]: id: expected a value, found none"},
        Case{"/storages/0/id", "true", "storages[0]: id: expected an integer, found true"},
        Case{"/storages/0/size", nullptr, "storage 3: size: expected a value, found none"},
        Case{"/storages/0/size", "1.5", "storage 3: size: expected an integer, found 1.5"},
        Case{"/storages/0/bytes", "1", "storage 3: 'bytes': expected a known field, found an unknown one"},
        Case{"/storages/1", R"({"id": 3, "describer_id": 0, "size": 1})",
             "storage 3: id: expected a unique id, found a duplicate"},
        Case{"/storages/1", R"({"id": 4, "describer_id": 1, "size": 1})",
             "storage 4: describer_id: expected 0, the describer_id of the preceding records, found 1"},
        Case{"/tensors/0/id", "\"3\"", "tensors[0]: id: expected an integer, found '3'"},
        Case{"/tensors/0/describer_id", nullptr, "record 3: describer_id: expected a value, found none"},
        Case{"/tensors/0/describer_id", "2",
             "record 3: describer_id: expected 0, the describer_id of the preceding records, found 2"},
        Case{"/tensors/0/dtype", nullptr, "record 3: dtype: expected a value, found none"},
        Case{"/tensors/0/dtype", "\"torch.float33\"",
             "record 3: dtype: expected the name of a dtype, found 'torch.float33'"},
        Case{"/tensors/0/dtype", "32", "record 3: dtype: expected the name of a dtype, found 32"},
        Case{"/tensors/0/device", "\"cpu\"", "record 3: device: expected a device as Python prints it, found 'cpu'"},
        Case{"/tensors/0/layout", "\"torch.layout(9)\"",
             "record 3: layout: expected the name of a layout, found 'torch.layout(9)'"},
        Case{"/tensors/0/creation_meta", "\"DEFAULT\"",
             "record 3: creation_meta: expected the name of a creation meta, found 'DEFAULT'"},
        Case{"/tensors/0/ndim", "9223372036854775808",
             "record 3: ndim: expected a 64-bit signed integer, found 9223372036854775808"},
        Case{"/tensors/0/ndim", "1e3", "record 3: ndim: expected an integer, found 1000.0"},
        Case{"/tensors/0/size", "3", "record 3: size: expected a list, found 3"},
        Case{"/tensors/0/size/1", "null", "record 3: size: expected an integer, found null"},
        Case{"/tensors/0/size/1", "\"s0\"", "record 3: size: expected an integer, found the symbolic expression 's0'",
             absl::StatusCode::kUnimplemented},
        Case{"/tensors/0/storage_offset", "\"s1\"",
             "record 3: storage_offset: expected an integer, found the symbolic expression 's1'",
             absl::StatusCode::kUnimplemented},
        Case{"/tensors/0/is_leaf", "1", "record 3: is_leaf: expected a boolean, found 1"},
        Case{"/tensors/0/is_coalesced", "null", "record 3: is_coalesced: expected a boolean, found null"},
        Case{"/tensors/0/storage", "4", "record 3: storage: expected the id of a record in this document, found 4"},
        Case{"/tensors/0/base", "1", "record 3: base: expected the id of a record in this document, found 1"},
        Case{"/tensors/0/base", "{}", "record 3: base: expected an integer, found an object"},
        Case{"/tensors/0/attrs", "[3]", "record 3: attrs: expected an object, found a list"},
        Case{"/tensors/0/attrs", R"({"a": 8})",
             "record 3: attrs: expected the id of a record in this document, found 8"},
        Case{"/tensors/0/opaque_attrs", R"({"a": 8})", "record 3: opaque_attrs: expected a string, found 8"},
        Case{"/tensors/0/dynamo_hint_overrides", R"({"+1": 8})",
             "record 3: dynamo_hint_overrides: expected an integer in a string, found '+1'"},
        Case{"/tensors/0/dynamo_hint_overrides", R"({"1": "8"})",
             "record 3: dynamo_hint_overrides: expected an integer, found '8'"},
        Case{"/tensors/0/dynamo_dynamic_indices", R"([true])",
             "record 3: dynamo_dynamic_indices: expected an integer, found true"},
        Case{"/tensors/0/nested_sizes", "[1]", "record 3: nested_sizes: expected a list, found 1"},
        Case{"/tensors/0/level", "1", "record 3: level: expected an integer in a string, found 1"},
        Case{"/tensors/0/level", "\"one\"", "record 3: level: expected an integer in a string, found 'one'"},
        Case{"/tensors/0/type", "7", "record 3: type: expected a string, found 7"},
        Case{"/tensors/0/functorch_stack", "[]", "record 3: functorch_stack: expected a string, found a list"},
        Case{"/tensors/0/view_func", "\"as_strided\"",
             "record 3: view_func: expected _CustomViewFunc(func=…), found 'as_strided'"},
        Case{"/tensors/0/data", "0", "record 3: data: expected null, found 0"},
        Case{"/tensors/0/color", "1", "record 3: 'color': expected a known field, found an unknown one"},
        Case{"/tensors/0/sparse_dim", "18446744073709551615",
             "record 3: sparse_dim: expected a 64-bit signed integer, found 18446744073709551615"}));

TEST(RecordsFromJsonTest, TheSameIdTwice) {
  EXPECT_THAT(RecordsFromJson(Document({DenseRecord(3, {2}), DenseRecord(3, {2})}, {StorageRecord(3, 8)})),
              StatusIs(absl::StatusCode::kInvalidArgument, "record 3: id: expected a unique id, found a duplicate"));
}

TEST(RecordsFromJsonTest, LongTextsAreNotRepeated) {
  Json document = Document({DenseRecord(3, {2})}, {StorageRecord(3, 8)});
  document["tensors"][0]["dtype"] = std::string(10000, 'x');
  EXPECT_THAT(RecordsFromJson(document),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "record 3: dtype: expected the name of a dtype, found a string of 10000 bytes"));
}

}  // namespace
}  // namespace metaconv
