#include "meta/binary/encode_records.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/binary/field_places.h"
#include "meta/binary/field_writer.h"
#include "meta/binary/layout.h"
#include "meta/binary/record_order.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/same_value.h"
#include "meta/utf8.h"
#include "meta/with_context.h"

namespace metaconv {
namespace binary {
namespace {

std::string Where(const MetaTensorDesc& desc, const char* field) {
  return absl::StrCat("record ", desc.id, ": ", field);
}

std::uint16_t FlagsOf(const MetaTensorDesc& desc) {
  const auto flag = [](bool is_set, Flag bit) { return is_set ? static_cast<unsigned>(bit) : 0u; };
  return static_cast<std::uint16_t>(
      flag(desc.is_inference, kIsInference) | flag(desc.is_leaf, kIsLeaf) | flag(desc.requires_grad, kRequiresGrad) |
      flag(desc.is_sparse, kIsSparse) | flag(desc.is_view, kIsView) | flag(desc.is_nested, kIsNested) |
      flag(desc.is_conj, kIsConj) | flag(desc.is_neg, kIsNeg) | flag(desc.is_parameter, kIsParameter) |
      flag(desc.is_buffer, kIsBuffer) | flag(desc.stride.has_value(), kHasStride) |
      flag(desc.storage.has_value(), kHasStorage));
}

// Writes one model.
class Encoder {
 public:
  Encoder(absl::Span<const NamedTensor> tensors, absl::Span<const OpaqueObject> opaque)
      : tensors_(tensors), opaque_(opaque), order_(tensors.size()) {}

  absl::StatusOr<std::string> Encode(DescriberId describer_id) {
    if (absl::Status status = MeasureTexts(); !status.ok()) return status;
    // Enough for models in which all records have names, and few have further fields.
    out_.reserve(sizeof(Header) + tensors_.size() * (sizeof(FixedRecord) + sizeof(NameEntry)) +
                 opaque_.size() * sizeof(ObjectEntry) + texts_size_ + 2 * kWord);
    out_.resize(sizeof(Header));
    absl::Status status = WriteRecords();
    if (status.ok()) status = WriteNames();
    if (!status.ok()) return status;
    out_.append(fields_);
    const std::uint32_t field_names = WriteFieldNames();
    out_.append((kWord - out_.size() % kWord) % kWord + kWord, '\0');
    Header header = {.magic = {},
                     .version = kVersion,
                     .header_size = sizeof(Header),
                     .file_size = out_.size(),
                     .describer_id = describer_id,
                     .records = static_cast<std::uint32_t>(order_.records().size()),
                     .names = static_cast<std::uint32_t>(tensors_.size()),
                     .objects = static_cast<std::uint32_t>(opaque_.size()),
                     .field_names = field_names,
                     .texts_size = texts_size_,
                     .fields_size = fields_.size()};
    kMagic.copy(header.magic, kMagic.size());
    Store(header, out_.data());
    SealRecords(out_);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;

  absl::Status MeasureTexts() {
    if (tensors_.size() > kMost || opaque_.size() > kMost) {
      return absl::InvalidArgumentError("expected less than 2^32 names, found more");
    }
    std::size_t longest = 0;
    const auto add = [&](const std::string& text) {
      texts_size_ += text.size();
      longest = std::max(longest, text.size());
    };
    for (const NamedTensor& tensor : tensors_) add(tensor.name);
    for (const OpaqueObject& object : opaque_) {
      add(object.name);
      add(object.type);
    }
    return longest <= kMost ? absl::OkStatus() : absl::InvalidArgumentError("expected names below 4 GiB, found more");
  }

  // Appends each record when it is first met, while it is in the processor's cache.
  absl::Status WriteRecords() {
    numbers_.reserve(tensors_.size());
    std::size_t written = 0;
    for (const NamedTensor& tensor : tensors_) {
      if (tensor.desc == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("'", tensor.name, "': expected a record, found none"));
      }
      if (absl::Status status = order_.Add(*tensor.desc); !status.ok()) return status;
      numbers_.push_back(order_.NumberOf(*tensor.desc));
      for (; written < order_.records().size(); ++written) {
        const MetaTensorDesc& desc = *order_.records()[written];
        FixedRecord fixed = {};
        absl::Status status = FillFixed(desc, fixed);
        if (status.ok()) status = AppendFields(desc, fixed);
        if (!status.ok()) return status;
        out_.append(reinterpret_cast<const char*>(&fixed), sizeof(fixed));
      }
    }
    return absl::OkStatus();
  }

  absl::Status WriteNames() {
    const std::size_t entries_at = out_.size();
    const std::size_t texts_at =
        entries_at + tensors_.size() * sizeof(NameEntry) + opaque_.size() * sizeof(ObjectEntry);
    out_.resize(texts_at + texts_size_);
    char* entries = out_.data() + entries_at;
    char* texts = out_.data() + texts_at;
    const auto write_text = [&](const std::string& text) {
      std::memcpy(texts, text.data(), text.size());
      texts += text.size();
      return static_cast<std::uint32_t>(text.size());
    };
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      Store(NameEntry{.length = write_text(tensors_[i].name), .record = numbers_[i]}, entries);
      entries += sizeof(NameEntry);
    }
    for (const OpaqueObject& object : opaque_) {
      const std::uint32_t name_length = write_text(object.name);
      Store(ObjectEntry{.name_length = name_length, .type_length = write_text(object.type)}, entries);
      entries += sizeof(ObjectEntry);
    }
    return IsAscii(std::string_view(out_).substr(texts_at)) ? absl::OkStatus() : CheckNames();
  }

  absl::Status CheckNames() const {
    const bool are_utf8 =
        std::all_of(tensors_.begin(), tensors_.end(), [](const NamedTensor& tensor) { return IsUtf8(tensor.name); }) &&
        std::all_of(opaque_.begin(), opaque_.end(),
                    [](const OpaqueObject& object) { return IsUtf8(object.name) && IsUtf8(object.type); });
    return are_utf8 ? absl::OkStatus() : absl::InvalidArgumentError("expected names in UTF-8, found other bytes");
  }

  // Sets `number` to the value, which must be a plain integer.
  static bool ToNumber(const c10::SymInt& value, std::int64_t& number) {
    if (!value.is_heap_allocated()) {
      number = value.as_int_unchecked();
      return true;
    }
    const std::optional<std::int64_t> plain = value.maybe_as_int();
    number = plain.value_or(0);
    return plain.has_value();
  }

  static bool ToNumbers(const SymSizes& values, std::int64_t* numbers, std::uint8_t& count) {
    if (values.size() > kFixedDimensions) {
      count = kCountInFields;
      return true;
    }
    count = static_cast<std::uint8_t>(values.size());
    for (const c10::SymInt& value : values) {
      if (!ToNumber(value, *numbers++)) return false;
    }
    return true;
  }

  absl::Status FillFixed(const MetaTensorDesc& desc, FixedRecord& fixed) {
    const auto symbolic = [&](const char* field) {
      return absl::UnimplementedError(
          absl::StrCat(Where(desc, field), ": expected integers, found a symbolic expression"));
    };
    fixed.id = desc.id;
    fixed.flags = FlagsOf(desc);
    fixed.dtype = static_cast<std::uint8_t>(desc.dtype);
    fixed.layout = static_cast<std::uint8_t>(desc.layout);
    fixed.device_type = static_cast<std::uint8_t>(desc.device.type());
    fixed.device_index = desc.device.index();
    if (desc.creation_meta.has_value()) fixed.creation_meta = static_cast<std::uint8_t>(*desc.creation_meta) + 1;
    if (desc.base != nullptr) fixed.base = order_.NumberOf(*desc.base);
    if (!ToNumbers(desc.size, fixed.size, fixed.size_count)) return symbolic("size");
    if (desc.stride.has_value() && !ToNumbers(*desc.stride, fixed.stride, fixed.stride_count))
      return symbolic("stride");
    if (!ToNumber(desc.storage_offset, fixed.storage_offset)) return symbolic("storage_offset");
    if (desc.storage.has_value()) {
      fixed.storage_id = desc.storage->id;
      if (!ToNumber(desc.storage->size, fixed.storage_size)) return symbolic("storage.size");
    }
    return absl::OkStatus();
  }

  // Appends the other fields of a record: the length of the block, then the place in the list of fields, the length and
  // the value of each.
  absl::Status AppendFields(const MetaTensorDesc& desc, FixedRecord& fixed) {
    if (!desc.extras.has_value() && fixed.size_count != kCountInFields && fixed.stride_count != kCountInFields) {
      return absl::OkStatus();
    }
    static const MetaTensorDesc& defaults = *new MetaTensorDesc();
    const auto number_of = [&](const MetaTensorDesc& record) { return order_.NumberOf(record); };
    FieldWriter writer(number_of, fields_);
    const std::size_t block_at = BeginLength();
    absl::Status status;
    std::uint16_t place = 0;
    ForEachField([&](const FieldInfo& info, auto field) {
      const auto& value = field(desc);
      if constexpr (!kIsRealTensor<decltype(value)>) {
        if (status.ok() && IsWritten(place, fixed, desc) && !SameValue(value, field(defaults))) {
          UseField(place, info.name);
          writer.PutNumber(place);
          const std::size_t value_at = BeginLength();
          writer.Put(value);
          status = writer.status();
          if (status.ok()) status = EndLength(value_at);
          if (!status.ok()) status = WithContext(Where(desc, info.name), status);
        }
      }
      ++place;
    });
    if (!status.ok()) return status;
    if (fields_.size() == block_at + sizeof(std::uint32_t)) {  // All are at their defaults.
      fields_.resize(block_at);
      return absl::OkStatus();
    }
    fixed.flags |= kHasFields;
    return EndLength(block_at);
  }

  static bool IsWritten(std::uint16_t place, const FixedRecord& fixed, const MetaTensorDesc& desc) {
    static const FieldPlaces& places = FieldPlaces::Get();
    if (place == places.size) return fixed.size_count == kCountInFields;
    if (place == places.stride) return fixed.stride_count == kCountInFields;
    if (place == places.ndim) return desc.is_nested;
    return !places.is_fixed[place];
  }

  std::size_t BeginLength() {
    fields_.append(sizeof(std::uint32_t), '\0');
    return fields_.size() - sizeof(std::uint32_t);
  }

  absl::Status EndLength(std::size_t at) {
    const std::size_t size = fields_.size() - at - sizeof(std::uint32_t);
    if (size > kMost) return absl::InvalidArgumentError("expected less than 4 GiB, found more");
    Store(static_cast<std::uint32_t>(size), fields_.data() + at);
    return absl::OkStatus();
  }

  void UseField(std::uint16_t place, const char* name) {
    if (used_fields_.size() <= place) used_fields_.resize(place + std::size_t{1});
    used_fields_[place] = name;
  }

  // The names of the fields that occur, by their places.
  std::uint32_t WriteFieldNames() {
    std::uint32_t count = 0;
    for (std::size_t place = 0; place < used_fields_.size(); ++place) {
      const std::string_view name = used_fields_[place];
      if (name.empty()) continue;
      const auto number = static_cast<std::uint16_t>(place);
      out_.append(reinterpret_cast<const char*>(&number), sizeof(number));
      out_.push_back(static_cast<char>(name.size()));
      out_.append(name);
      ++count;
    }
    return count;
  }

  const absl::Span<const NamedTensor> tensors_;
  const absl::Span<const OpaqueObject> opaque_;
  RecordOrder order_;
  std::vector<RecordNumber> numbers_;  // Of the records of tensors_.
  std::size_t texts_size_ = 0;
  std::string out_;
  std::string fields_;
  std::vector<std::string_view> used_fields_;
};

}  // namespace
}  // namespace binary

absl::StatusOr<std::string> EncodeRecords(absl::Span<const NamedTensor> tensors, absl::Span<const OpaqueObject> opaque,
                                          DescriberId describer_id) {
  return binary::Encoder(tensors, opaque).Encode(describer_id);
}

}  // namespace metaconv
