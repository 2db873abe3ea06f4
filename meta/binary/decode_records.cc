#include "meta/binary/decode_records.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/binary/byte_cursor.h"
#include "meta/binary/enum_numbers.h"
#include "meta/binary/field_places.h"
#include "meta/binary/field_reader.h"
#include "meta/binary/layout.h"
#include "meta/binary/number_table.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/record_depth.h"
#include "meta/utf8.h"
#include "meta/with_context.h"

namespace metaconv {
namespace binary {
namespace {

absl::Status Malformed(std::uint64_t offset, const std::string& expected, const std::string& found) {
  return absl::DataLossError(absl::StrCat("offset ", offset, ": expected ", expected, ", found ", found));
}

// The parts of a file, whose sizes were checked.
struct Parts {
  Header header = {};
  std::uint64_t names_at = 0;
  std::uint64_t objects_at = 0;
  std::uint64_t texts_at = 0;
  std::uint64_t fields_at = 0;
  std::uint64_t field_names_at = 0;
  std::uint64_t checksum_at = 0;
};

absl::StatusOr<Parts> ReadHeader(std::string_view bytes) {
  if (!IsRecordModel(bytes)) return Malformed(0, "the first bytes of a file of records", "others");
  if (bytes.size() < sizeof(Header) + kWord) {
    return Malformed(0, absl::StrCat("at least ", sizeof(Header) + kWord, " bytes"), absl::StrCat(bytes.size()));
  }
  Parts parts;
  parts.header = Load<Header>(bytes.data());
  const Header& header = parts.header;
  if (header.version != kVersion) {
    return absl::UnimplementedError(absl::StrCat("offset ", offsetof(Header, version), ": expected version ", kVersion,
                                                 " of the format, found ", header.version));
  }
  if (header.header_size != sizeof(Header)) {
    return Malformed(offsetof(Header, header_size), absl::StrCat("a header of ", sizeof(Header), " bytes"),
                     absl::StrCat(header.header_size));
  }
  if (header.file_size != bytes.size() || bytes.size() % kWord != 0) {
    return Malformed(offsetof(Header, file_size), absl::StrCat("a file of ", bytes.size(), " bytes, as this one has"),
                     absl::StrCat(header.file_size));
  }
  // The counts have 32 bits, so these sums do not overflow.
  parts.names_at = sizeof(Header) + header.records * std::uint64_t{sizeof(FixedRecord)};
  parts.objects_at = parts.names_at + header.names * std::uint64_t{sizeof(NameEntry)};
  parts.texts_at = parts.objects_at + header.objects * std::uint64_t{sizeof(ObjectEntry)};
  parts.checksum_at = bytes.size() - kWord;
  const std::uint64_t behind_tables = parts.checksum_at - std::min(parts.texts_at, parts.checksum_at);
  if (parts.texts_at > parts.checksum_at || header.texts_size > behind_tables ||
      header.fields_size > behind_tables - header.texts_size) {
    return Malformed(offsetof(Header, records), absl::StrCat("parts that fit in ", bytes.size(), " bytes"),
                     "larger ones");
  }
  parts.fields_at = parts.texts_at + header.texts_size;
  parts.field_names_at = parts.fields_at + header.fields_size;
  const auto stored = Load<std::uint64_t>(bytes.data() + parts.checksum_at);
  const std::uint64_t computed = ChecksumOf(bytes.substr(0, parts.checksum_at));
  if (stored != computed) {
    return Malformed(parts.checksum_at, absl::StrCat("the checksum ", absl::Hex(computed, absl::kZeroPad16)),
                     absl::StrCat(absl::Hex(stored, absl::kZeroPad16)));
  }
  return parts;
}

// Reads one file whose parts were checked.
class Decoder {
 public:
  Decoder(std::string_view bytes, const Parts& parts, const DecodeOptions& options)
      : bytes_(bytes),
        parts_(parts),
        options_(options),
        ids_(parts.header.records),
        fields_(Part(parts.fields_at, parts.field_names_at), parts.fields_at) {}

  absl::StatusOr<RecordModel> Decode() {
    absl::Status status = ReadFieldNames();
    if (status.ok()) status = ReadRecords();
    if (status.ok() && !fields_.empty()) status = fields_.Malformed("the end of the fields", "more of them");
    RecordModel model = {.tensors = {}, .opaque = {}, .describer_id = parts_.header.describer_id};
    if (status.ok()) status = ReadNames(model);
    if (!status.ok()) return status;
    return model;
  }

 private:
  std::string_view Part(std::uint64_t begin, std::uint64_t end) const { return bytes_.substr(begin, end - begin); }

  // Sets field_of_place_: the place in this process of each field that occurs in the file.
  absl::Status ReadFieldNames() {
    ByteCursor cursor(Part(parts_.field_names_at, parts_.checksum_at), parts_.field_names_at);
    const FieldPlaces& places = FieldPlaces::Get();
    for (std::uint32_t i = 0; i < parts_.header.field_names; ++i) {
      std::uint16_t number = 0;
      std::string_view name;
      absl::Status status = cursor.Get(number);
      if (status.ok()) status = cursor.GetName(name);
      if (!status.ok()) return status;
      if (number < field_of_place_.size()) return cursor.Malformed("fields in increasing order before", "others");
      const auto found = std::find(places.names.begin(), places.names.end(), name);
      if (found == places.names.end()) {
        return absl::UnimplementedError(
            absl::StrCat("field names: expected a known field, found '", IsUtf8(name) ? std::string(name) : "…", "'"));
      }
      const auto place = static_cast<std::size_t>(found - places.names.begin());
      if (std::find(field_of_place_.begin(), field_of_place_.end(), place) != field_of_place_.end()) {
        return cursor.Malformed("each field once before", absl::StrCat(std::string(name), " twice"));
      }
      field_of_place_.resize(number, kNoField);
      field_of_place_.push_back(place);
    }
    return cursor.GetPadding();
  }

  absl::Status ReadRecords() {
    const std::uint32_t count = parts_.header.records;
    earlier_.records.reserve(count);
    earlier_.heights.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t at = sizeof(Header) + i * std::uint64_t{sizeof(FixedRecord)};
      const auto fixed = Load<FixedRecord>(bytes_.data() + at);
      absl::Status status = ReadRecord(fixed);
      if (!status.ok()) return WithContext(absl::StrCat("record ", fixed.id, " at offset ", at), status);
    }
    return absl::OkStatus();
  }

  static absl::Status Field(const char* field, const std::string& expected, const std::string& found) {
    return absl::DataLossError(absl::StrCat(field, ": expected ", expected, ", found ", found));
  }

  // Whether a count is valid, and all slots behind it are zero.
  static absl::Status CheckExtents(const char* field, const std::int64_t (&slots)[kFixedDimensions], std::uint8_t count,
                                   std::uint16_t flags) {
    const bool is_in_fields = count == kCountInFields && (flags & kHasFields) != 0;
    if (count > kFixedDimensions && !is_in_fields) {
      return Field(field, absl::StrCat("at most ", kFixedDimensions, " dimensions"), absl::StrCat(count));
    }
    if (std::any_of(slots + (is_in_fields ? 0 : count), std::end(slots), [](std::int64_t slot) { return slot != 0; })) {
      return Field(field, absl::StrCat("zeros behind ", is_in_fields ? 0 : count, " dimensions"), "others");
    }
    return absl::OkStatus();
  }

  // Whether the further fields have the sizes and strides that are not in the part of fixed width.
  static absl::Status CheckMoved(const FixedRecord& fixed, const MetaTensorDesc& desc) {
    const auto check = [](const char* field, std::uint8_t count, std::size_t found) {
      if (count != kCountInFields || found > kFixedDimensions) return absl::OkStatus();
      return Field(field, absl::StrCat("more than ", kFixedDimensions, " dimensions among the further fields"),
                   absl::StrCat(found));
    };
    absl::Status status = check("size", fixed.size_count, desc.size.size());
    if (status.ok()) status = check("stride", fixed.stride_count, desc.stride.has_value() ? desc.stride->size() : 0);
    return status;
  }

  absl::Status CheckFixed(const FixedRecord& fixed) {
    if (!IsDtype(fixed.dtype)) return Field("dtype", "the number of a dtype", absl::StrCat(fixed.dtype));
    if (!IsLayout(fixed.layout)) return Field("layout", "the number of a layout", absl::StrCat(fixed.layout));
    if (!IsDevice(fixed.device_type, fixed.device_index)) {
      return Field("device", "a device", absl::StrCat("type ", fixed.device_type, ", index ", fixed.device_index));
    }
    if (fixed.creation_meta != 0 && !IsCreationMeta(fixed.creation_meta - 1)) {
      return Field("creation_meta", "the number of a creation meta", absl::StrCat(fixed.creation_meta));
    }
    if (std::any_of(std::begin(fixed.reserved), std::end(fixed.reserved),
                    [](std::uint8_t byte) { return byte != 0; })) {
      return Field("reserved bytes", "zeros", "others");
    }
    if ((fixed.flags & ~kAllFlags) != 0) return Field("flags", "known flags", absl::StrCat(absl::Hex(fixed.flags)));
    absl::Status status = CheckExtents("size", fixed.size, fixed.size_count, fixed.flags);
    if (status.ok()) status = CheckExtents("stride", fixed.stride, fixed.stride_count, fixed.flags);
    if (!status.ok()) return status;
    if ((fixed.flags & kHasStride) == 0 && fixed.stride_count != 0) {
      return Field("stride", "0 dimensions without the flag of strides", absl::StrCat(fixed.stride_count));
    }
    if ((fixed.flags & kHasStorage) == 0 && (fixed.storage_id != 0 || fixed.storage_size != 0)) {
      return Field("storage", "zeros without the flag of a storage", "others");
    }
    if (fixed.base > earlier_.records.size()) {
      return Field("base", absl::StrCat("the number of a record before this one, at most ", earlier_.records.size()),
                   absl::StrCat(fixed.base));
    }
    if (std::exchange(ids_[fixed.id], 1) != 0) return Field("id", "a unique id", "a duplicate");
    return absl::OkStatus();
  }

  absl::Status ReadRecord(const FixedRecord& fixed) {
    if (absl::Status status = CheckFixed(fixed); !status.ok()) return status;
    auto desc = std::make_shared<MetaTensorDesc>();
    SetFixed(fixed, *desc);
    int height = 0;
    if (fixed.base != 0) {
      desc->base = earlier_.records[fixed.base - 1];
      height = earlier_.heights[fixed.base - 1];
    }
    if ((fixed.flags & kHasFields) != 0) {
      if (absl::Status status = ReadFields(fixed, *desc, height); !status.ok()) return status;
      if (absl::Status status = CheckMoved(fixed, *desc); !status.ok()) return status;
    }
    if (++height > kMaxRecordDepth) {
      return absl::DataLossError(
          absl::StrCat("expected records nested at most ", kMaxRecordDepth, " deep, found more"));
    }
    earlier_.records.push_back(std::move(desc));
    earlier_.heights.push_back(static_cast<std::uint16_t>(height));
    return absl::OkStatus();
  }

  void SetFixed(const FixedRecord& fixed, MetaTensorDesc& desc) const {
    const auto has = [&](Flag flag) { return (fixed.flags & flag) != 0; };
    desc.id = fixed.id;
    desc.dtype = static_cast<c10::ScalarType>(fixed.dtype);
    desc.device = options_.device.has_value()
                      ? *options_.device
                      : c10::Device(static_cast<c10::DeviceType>(fixed.device_type), fixed.device_index);
    desc.layout = static_cast<c10::Layout>(fixed.layout);
    desc.is_inference = has(kIsInference);
    desc.is_leaf = has(kIsLeaf);
    desc.requires_grad = has(kRequiresGrad);
    desc.is_sparse = has(kIsSparse);
    desc.is_view = has(kIsView);
    desc.is_nested = has(kIsNested);
    desc.is_conj = has(kIsConj);
    desc.is_neg = has(kIsNeg);
    desc.is_parameter = has(kIsParameter);
    desc.is_buffer = has(kIsBuffer);
    if (fixed.creation_meta != 0) desc.creation_meta = static_cast<CreationMeta>(fixed.creation_meta - 1);
    if (fixed.size_count != kCountInFields) desc.size.assign(fixed.size, fixed.size + fixed.size_count);
    if (has(kHasStride)) {
      SymSizes& stride = desc.stride.emplace();
      if (fixed.stride_count != kCountInFields) stride.assign(fixed.stride, fixed.stride + fixed.stride_count);
    }
    desc.storage_offset = fixed.storage_offset;
    if (has(kHasStorage)) {
      desc.storage.emplace();
      desc.storage->id = fixed.storage_id;
      desc.storage->size = fixed.storage_size;
    }
  }

  // Reads the block of further fields of a record. Blocks follow each other in the order of the records.
  absl::Status ReadFields(const FixedRecord& fixed, MetaTensorDesc& desc, int& height) {
    const std::uint64_t block_at = fields_.offset() + sizeof(std::uint32_t);
    std::string_view block;
    if (absl::Status status = fields_.GetBytes(block); !status.ok()) return status;
    ByteCursor cursor(block, block_at);
    std::size_t next_place = 0;
    while (!cursor.empty()) {
      std::uint16_t place = 0;
      absl::Status status = cursor.Get(place);
      if (status.ok() && (place >= field_of_place_.size() || field_of_place_[place] == kNoField)) {
        return cursor.Malformed("a field of the table of field names before", absl::StrCat(place));
      }
      if (status.ok() && place < next_place) return cursor.Malformed("fields in increasing order before", "others");
      next_place = place + std::size_t{1};
      const std::uint64_t value_at = cursor.offset() + sizeof(std::uint32_t);
      std::string_view value;
      if (status.ok()) status = cursor.GetBytes(value);
      if (status.ok()) status = ReadField(field_of_place_[place], ByteCursor(value, value_at), fixed, desc, height);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadField(std::size_t wanted, ByteCursor cursor, const FixedRecord& fixed, MetaTensorDesc& desc,
                         int& height) {
    const FieldPlaces& places = FieldPlaces::Get();
    absl::Status status;
    const bool is_elsewhere = places.is_fixed[wanted] || (wanted == places.ndim && !desc.is_nested) ||
                              (wanted == places.size && fixed.size_count != kCountInFields) ||
                              (wanted == places.stride && fixed.stride_count != kCountInFields);
    if (is_elsewhere) return cursor.Malformed("a field that belongs here", std::string(places.names[wanted]));
    static const MetaTensorDesc& defaults = *new MetaTensorDesc();
    std::size_t place = 0;
    ForEachField([&](const FieldInfo& info, auto field) {
      if (place++ != wanted) return;
      using Value = decltype(field(desc));
      if constexpr (kIsRealTensor<Value>) {
        status = cursor.Malformed("no real tensors", info.name);
      } else {
        FieldReader reader(cursor, earlier_, options_.decoders);
        std::remove_cvref_t<Value> value = field(defaults);
        status = reader.Get(value);
        if (status.ok() && !cursor.empty()) status = cursor.Malformed("the end of the value", "more bytes");
        status = WithContext(info.name, status);
        height = std::max(height, reader.height());
        if (!status.ok()) return;
        if constexpr (std::is_lvalue_reference_v<Value>) {
          field(desc) = std::move(value);
        } else {
          desc.edit_nested().ndim = value;  // The only field that follows from others.
        }
      }
    });
    return status;
  }

  absl::Status ReadNames(RecordModel& model) {
    std::string_view texts = Part(parts_.texts_at, parts_.fields_at);
    const bool are_utf8 = IsAscii(texts);
    const auto next = [&](std::uint64_t entry_at, std::uint32_t length, std::string& text) {
      if (length > texts.size()) {
        return Malformed(entry_at, absl::StrCat("a text of at most ", texts.size(), " bytes"), absl::StrCat(length));
      }
      text.assign(texts.data(), length);
      texts.remove_prefix(length);
      if (!are_utf8 && !IsUtf8(text)) return Malformed(entry_at, "a text in UTF-8", "other bytes");
      return absl::OkStatus();
    };
    if (absl::Status status = ReadTensors(model.tensors, next); !status.ok()) return status;
    model.opaque.resize(parts_.header.objects);
    for (std::uint32_t i = 0; i < parts_.header.objects; ++i) {
      const std::uint64_t at = parts_.objects_at + i * std::uint64_t{sizeof(ObjectEntry)};
      const auto entry = Load<ObjectEntry>(bytes_.data() + at);
      absl::Status status = next(at, entry.name_length, model.opaque[i].name);
      if (status.ok()) status = next(at, entry.type_length, model.opaque[i].type);
      if (!status.ok()) return status;
    }
    if (texts.empty()) return absl::OkStatus();
    return Malformed(parts_.fields_at - texts.size(), "the end of the texts", absl::StrCat(texts.size(), " bytes"));
  }

  // Moves the records into `tensors`. One that has two names is copied from the first of them.
  template <typename NextText>
  absl::Status ReadTensors(std::vector<NamedTensor>& tensors, NextText next) {
    std::vector<std::uint32_t> first_name(earlier_.records.size());
    tensors.resize(parts_.header.names);
    for (std::uint32_t i = 0; i < parts_.header.names; ++i) {
      const std::uint64_t at = parts_.names_at + i * std::uint64_t{sizeof(NameEntry)};
      const auto entry = Load<NameEntry>(bytes_.data() + at);
      if (absl::Status status = next(at, entry.length, tensors[i].name); !status.ok()) return status;
      if (entry.record == 0 || entry.record > earlier_.records.size()) {
        return Malformed(at, absl::StrCat("the number of a record, at most ", earlier_.records.size()),
                         absl::StrCat(entry.record));
      }
      MetaTensorDescPtr& record = earlier_.records[entry.record - 1];
      if (record == nullptr) {
        tensors[i].desc = tensors[first_name[entry.record - 1]].desc;
      } else {
        tensors[i].desc = std::move(record);
        first_name[entry.record - 1] = i;
      }
    }
    return absl::OkStatus();
  }

  static constexpr std::size_t kNoField = ~std::size_t{0};

  const std::string_view bytes_;
  const Parts& parts_;
  const DecodeOptions& options_;
  NumberTable ids_;    // 1 for each id that occurred.
  ByteCursor fields_;  // Behind the blocks that were read.
  EarlierRecords earlier_;
  std::vector<std::size_t> field_of_place_;
};

}  // namespace
}  // namespace binary

bool IsRecordModel(std::string_view bytes) { return bytes.starts_with(binary::kMagic); }

absl::StatusOr<RecordModel> DecodeRecords(std::string_view bytes, const DecodeOptions& options) {
  const absl::StatusOr<binary::Parts> parts = binary::ReadHeader(bytes);
  if (!parts.ok()) return parts.status();
  return binary::Decoder(bytes, *parts, options).Decode();
}

}  // namespace metaconv
