#include "meta/binary/decode_records.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "meta/binary/encode_records.h"
#include "meta/binary/layout.h"
#include "meta/record_depth.h"
#include "tests/meta/binary/sample_model.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using binary::FixedRecord;
using binary::Header;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string Bytes(const std::vector<NamedTensor>& model) {
  return EncodeRecords(model, {{"optimizer", "torch.optim.Adam"}}).value();
}

// The bytes of a model of one dense record with id 3.
std::string OneRecord() { return Bytes({{"weight", Share(DenseRecord(3, {4, 8}))}}); }

TEST(DecodeRecordsTest, RecognizesItsFormat) {
  EXPECT_TRUE(IsRecordModel(OneRecord()));
  EXPECT_TRUE(IsRecordModel(OneRecord().substr(0, 8)));
  EXPECT_FALSE(IsRecordModel(OneRecord().substr(0, 7)));
  EXPECT_FALSE(IsRecordModel(""));
}

TEST(DecodeRecordsTest, TheDeviceCanBeReplaced) {
  const RecordModel read = DecodeRecords(Bytes(SampleModel()), {.device = c10::Device("cuda:3")}).value();
  for (const NamedTensor& tensor : read.tensors) EXPECT_EQ(tensor.desc->device, c10::Device("cuda:3"));
}

TEST(DecodeRecordsTest, BytesOfAnyAlignment) {
  const std::string bytes = Bytes(SampleModel());
  for (std::size_t shift = 1; shift < 8; ++shift) {
    const std::string moved = std::string(shift, ' ') + bytes;
    const RecordModel read = DecodeRecords(std::string_view(moved).substr(shift)).value();
    EXPECT_EQ(EncodeRecords(read.tensors, read.opaque).value(), bytes);
  }
}

TEST(DecodeRecordsTest, EveryTruncatedFileIsAnError) {
  const std::string bytes = Bytes(SampleModel());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(DecodeRecords(std::string_view(bytes).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("offset ")));
  }
  EXPECT_THAT(DecodeRecords(bytes + std::string(8, '\0')), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("offset ")));
}

TEST(DecodeRecordsTest, EveryChangedBitIsAnError) {
  const std::string bytes = Bytes(SampleModel());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(DecodeRecords(changed).ok()) << "byte " << i << ", bit " << bit;
    }
  }
}

// With a checksum that fits, a change is either an error with a place, or another model that can be written.
TEST(DecodeRecordsTest, EveryChangedByteIsCheckedBeforeItIsUsed) {
  const std::string bytes = Bytes(SampleModel());
  for (std::size_t i = 0; i + binary::kWord < bytes.size(); ++i) {
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(value);
      binary::SealRecords(changed);
      const absl::StatusOr<RecordModel> read = DecodeRecords(changed);
      if (read.ok()) {
        const absl::StatusOr<std::string> written = EncodeRecords(read->tensors, read->opaque, read->describer_id);
        ASSERT_THAT(written, IsOk()) << "byte " << i << " = " << value;
        EXPECT_THAT(DecodeRecords(*written), IsOk());
      } else {
        EXPECT_THAT(read.status().code(), AnyOf(absl::StatusCode::kDataLoss, absl::StatusCode::kUnimplemented));
        EXPECT_THAT(std::string(read.status().message()), AnyOf(HasSubstr("offset "), HasSubstr("field names: ")));
      }
    }
  }
}

// The bytes with one member of the header or of the first record replaced.
template <typename Struct, typename Member, typename T>
std::string With(std::string bytes, std::size_t at, Member Struct::*member, T value) {
  auto content = binary::Load<Struct>(bytes.data() + at);
  content.*member = static_cast<Member>(value);
  binary::Store(content, bytes.data() + at);
  binary::SealRecords(bytes);
  return bytes;
}

template <typename Member, typename T>
absl::Status WithHeader(Member Header::*member, T value) {
  return DecodeRecords(With(OneRecord(), 0, member, value)).status();
}

template <typename Member, typename T>
absl::Status WithRecord(Member FixedRecord::*member, T value) {
  return DecodeRecords(With(OneRecord(), sizeof(Header), member, value)).status();
}

auto DataLoss(const char* text) { return StatusIs(absl::StatusCode::kDataLoss, HasSubstr(text)); }

TEST(DecodeRecordsTest, TheHeaderIsChecked) {
  EXPECT_THAT(DecodeRecords("PK\x03\x04"), DataLoss("offset 0: expected the first bytes of a file of records"));
  EXPECT_THAT(
      WithHeader(&Header::version, 2),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("offset 8: expected version 1 of the format, found 2")));
  EXPECT_THAT(WithHeader(&Header::header_size, 80), DataLoss("offset 12: expected a header of 64 bytes, found 80"));
  EXPECT_THAT(WithHeader(&Header::file_size, 8), DataLoss("offset 16: expected a file of"));
  for (const std::uint32_t count : {2u, 1000u, 0xFFFFFFFFu}) {
    EXPECT_THAT(WithHeader(&Header::records, count), DataLoss("offset "));
    EXPECT_THAT(WithHeader(&Header::names, count), DataLoss("offset "));
    EXPECT_THAT(WithHeader(&Header::objects, count), DataLoss("offset "));
    EXPECT_THAT(WithHeader(&Header::field_names, count), DataLoss("offset "));
  }
  for (const std::uint64_t size : {std::uint64_t{1000}, ~std::uint64_t{0}}) {
    EXPECT_THAT(WithHeader(&Header::texts_size, size), DataLoss("offset 32: expected parts that fit in"));
    EXPECT_THAT(WithHeader(&Header::fields_size, size), DataLoss("offset 32: expected parts that fit in"));
  }
  EXPECT_THAT(WithHeader(&Header::texts_size, 1), DataLoss("expected padding with zeros, found other bytes"));
}

TEST(DecodeRecordsTest, TheFieldsOfARecordAreChecked) {
  EXPECT_THAT(WithRecord(&FixedRecord::dtype, 200),
              DataLoss("record 3 at offset 64: dtype: expected the number of a dtype, found 200"));
  EXPECT_THAT(WithRecord(&FixedRecord::layout, 200), DataLoss("layout: expected the number of a layout, found 200"));
  EXPECT_THAT(WithRecord(&FixedRecord::device_type, 200), DataLoss("device: expected a device, found type 200"));
  EXPECT_THAT(WithRecord(&FixedRecord::device_index, 1), DataLoss("device: expected a device, found type 0, index 1"));
  EXPECT_THAT(WithRecord(&FixedRecord::creation_meta, 6), DataLoss("creation_meta: expected"));
  EXPECT_THAT(WithRecord(&FixedRecord::flags, 0x8000), DataLoss("flags: expected known flags, found 8000"));
  EXPECT_THAT(WithRecord(&FixedRecord::size_count, 6), DataLoss("size: expected at most 5 dimensions, found 6"));
  EXPECT_THAT(WithRecord(&FixedRecord::size_count, 255), DataLoss("size: expected at most 5 dimensions, found 255"));
  EXPECT_THAT(WithRecord(&FixedRecord::stride_count, 6), DataLoss("stride: expected at most 5 dimensions, found 6"));
  EXPECT_THAT(WithRecord(&FixedRecord::base, 1), DataLoss("base: expected the number of a record before this one, at"));
  EXPECT_THAT(WithRecord(&FixedRecord::flags, binary::kHasStride | binary::kHasStorage | binary::kHasFields),
              DataLoss("expected 4 bytes, found 0"));
}

// Each model has one form, so bytes that mean nothing are refused.
TEST(DecodeRecordsTest, UnusedMembersOfARecordAreZero) {
  EXPECT_THAT(WithRecord(&FixedRecord::size_count, 1),
              DataLoss("size: expected zeros behind 1 dimensions, found others"));
  EXPECT_THAT(WithRecord(&FixedRecord::stride_count, 1), DataLoss("stride: expected zeros behind 1 dimensions"));
  EXPECT_THAT(WithRecord(&FixedRecord::flags, binary::kIsLeaf | binary::kHasStorage),
              DataLoss("stride: expected 0 dimensions without the flag of strides, found 2"));
  EXPECT_THAT(WithRecord(&FixedRecord::flags, binary::kIsLeaf | binary::kHasStride),
              DataLoss("storage: expected zeros without the flag of a storage, found others"));
}

TEST(DecodeRecordsTest, ManyDimensionsAreAmongTheFurtherFields) {
  MetaTensorDesc desc = DenseRecord(3, {});
  desc.extras.Edit().is_mkldnn = true;
  const std::string bytes = Bytes({{"scalar", Share(std::move(desc))}});
  ASSERT_THAT(DecodeRecords(bytes), IsOk());
  EXPECT_THAT(DecodeRecords(With(bytes, sizeof(Header), &FixedRecord::size_count, 255)),
              DataLoss("size: expected more than 5 dimensions among the further fields, found 0"));
  EXPECT_THAT(DecodeRecords(With(bytes, sizeof(Header), &FixedRecord::stride_count, 255)),
              DataLoss("stride: expected more than 5 dimensions among the further fields, found 0"));
}

TEST(DecodeRecordsTest, AFieldHasOneNumber) {
  std::string bytes = Bytes(SampleModel());
  bytes.replace(bytes.find("crow_indices"), 12, "ccol_indices");
  binary::SealRecords(bytes);
  EXPECT_THAT(DecodeRecords(bytes), DataLoss("expected each field once before, found ccol_indices twice"));
}

TEST(DecodeRecordsTest, NamesOfAttributesAreUnique) {
  const std::vector<NamedTensor> model = SampleModel();
  std::string bytes = Bytes(model);
  bytes.replace(bytes.find("\4\0\0\0axis", 0, 8), 8, "\4\0\0\0mode", 8);
  binary::SealRecords(bytes);
  EXPECT_THAT(DecodeRecords(bytes), DataLoss("expected unique names, found a duplicate"));
  MetaTensorDesc desc = DenseRecord(0, {1});
  desc.edit_wrapper().opaque_attrs = {{"a", nullptr}, {"a", nullptr}};
  EXPECT_THAT(EncodeRecords({{"weight", Share(std::move(desc))}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected unique names, found a duplicate")));
}

TEST(DecodeRecordsTest, IdsAreUnique) {
  const std::string bytes = Bytes({{"a", Share(DenseRecord(3, {}))}, {"b", Share(DenseRecord(4, {}))}});
  EXPECT_THAT(DecodeRecords(With(bytes, sizeof(Header) + sizeof(FixedRecord), &FixedRecord::id, 3)),
              DataLoss("record 3 at offset 192: id: expected a unique id, found a duplicate"));
}

TEST(DecodeRecordsTest, DepthIsLimited) {
  std::vector<NamedTensor> model;
  for (int i = 0; i <= kMaxRecordDepth; ++i) model.push_back({"", Share(DenseRecord(i, {}))});
  std::string bytes = Bytes(model);
  for (int i = 1; i <= kMaxRecordDepth; ++i) {
    const std::size_t at = sizeof(Header) + static_cast<std::size_t>(i) * sizeof(FixedRecord);
    bytes = With(std::move(bytes), at, &FixedRecord::base, i);
  }
  EXPECT_THAT(DecodeRecords(bytes), DataLoss("expected records nested at most 1000 deep, found more"));
}

TEST(DecodeRecordsTest, NamesAreChecked) {
  const std::size_t names_at = sizeof(Header) + sizeof(FixedRecord);
  EXPECT_THAT(DecodeRecords(With(OneRecord(), names_at, &binary::NameEntry::record, 2)),
              DataLoss("offset 192: expected the number of a record, at most 1, found 2"));
  EXPECT_THAT(DecodeRecords(With(OneRecord(), names_at, &binary::NameEntry::length, 5)),
              DataLoss("expected the end of the texts, found 1 bytes"));
  EXPECT_THAT(DecodeRecords(With(OneRecord(), names_at, &binary::NameEntry::length, 100)),
              DataLoss("offset 192: expected a text of at most 31 bytes, found 100"));
  std::string bytes = OneRecord();
  bytes[bytes.find("weight")] = '\xFF';
  binary::SealRecords(bytes);
  EXPECT_THAT(DecodeRecords(bytes), DataLoss("offset 192: expected a text in UTF-8, found other bytes"));
}

TEST(DecodeRecordsTest, AFieldOfALaterVersionIsAnError) {
  std::string bytes = Bytes(SampleModel());
  bytes.replace(bytes.find("dense_dim"), 9, "other_dim");
  binary::SealRecords(bytes);
  EXPECT_THAT(DecodeRecords(bytes), StatusIs(absl::StatusCode::kUnimplemented,
                                             HasSubstr("field names: expected a known field, found 'other_dim'")));
}

TEST(DecodeRecordsTest, AFieldOfThePartOfFixedWidthIsAnError) {
  std::string bytes = Bytes(SampleModel());
  bytes.replace(bytes.find("dense_dim"), 9, "is_sparse");
  binary::SealRecords(bytes);
  EXPECT_THAT(DecodeRecords(bytes), DataLoss("expected a field that belongs here, found is_sparse"));
}

TEST(DecodeRecordsTest, ErrorsOfDecodersAreErrors) {
  const auto reject = [](const EncodedValue& value) -> absl::StatusOr<std::shared_ptr<const OpaqueValue>> {
    return absl::InvalidArgumentError(absl::StrCat("no ", value.type));
  };
  EXPECT_THAT(DecodeRecords(Bytes(SampleModel()), {.decoders = {.opaque_value = reject}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(": opaque_attrs: no a type")));
}

TEST(DecodeRecordsTest, DecodersThatReturnNothingAreErrors) {
  const auto no_value = [](const EncodedValue&) -> absl::StatusOr<std::shared_ptr<const OpaqueValue>> {
    return nullptr;
  };
  const auto no_func = [](const EncodedValue&,
                          std::vector<CapturedTensor>) -> absl::StatusOr<std::shared_ptr<const ViewFunc>> {
    return nullptr;
  };
  EXPECT_THAT(DecodeRecords(Bytes(SampleModel()), {.decoders = {.opaque_value = no_value}}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("expected a value or an error, found neither")));
  EXPECT_THAT(DecodeRecords(Bytes(SampleModel()), {.decoders = {.view_func = no_func}}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("expected a value or an error, found neither")));
}

}  // namespace
}  // namespace metaconv
