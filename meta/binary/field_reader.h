// FieldReader: reads the value of a record's field that FieldWriter wrote.
//
// Example:
//   FieldReader reader(cursor, earlier, decoders);
//   std::string text;
//   absl::Status status = reader.Get(text);
//
// Thread safety: none.
// Lifetime: the cursor, the records and the decoders must outlive it. Values are independent of it.

#ifndef METACONV_META_BINARY_FIELD_READER_H_
#define METACONV_META_BINARY_FIELD_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "meta/binary/byte_cursor.h"
#include "meta/binary/enum_numbers.h"
#include "meta/binary/layout.h"
#include "meta/encoded_value.h"
#include "meta/meta_tensor_desc.h"
#include "meta/record_decoders.h"

namespace metaconv::binary {

// The records that were read so far.
struct EarlierRecords {
  std::vector<MetaTensorDescPtr> records;
  std::vector<std::uint16_t> heights;  // How many records deep each is nested, itself included.
};

class FieldReader {
 public:
  FieldReader(ByteCursor& cursor, const EarlierRecords& earlier, const RecordDecoders& decoders)
      : cursor_(cursor), earlier_(earlier), decoders_(decoders) {}

  // The largest height of the records that were read as values; 0 if there was none.
  int height() const { return height_; }

  absl::Status Get(bool& value) { return cursor_.Get(value); }
  absl::Status Get(std::int64_t& value) { return cursor_.Get(value); }
  absl::Status Get(std::string& text) { return cursor_.GetText(text); }

  absl::Status Get(c10::ScalarType& value) { return GetEnum(value, IsDtype, "the number of a dtype"); }
  absl::Status Get(c10::Layout& value) { return GetEnum(value, IsLayout, "the number of a layout"); }
  absl::Status Get(CreationMeta& value) { return GetEnum(value, IsCreationMeta, "the number of a creation meta"); }

  absl::Status Get(c10::Device& value) {
    std::uint8_t type = 0;
    std::int8_t index = 0;
    absl::Status status = cursor_.Get(type);
    if (status.ok()) status = cursor_.Get(index);
    if (!status.ok()) return status;
    if (!IsDevice(type, index)) return cursor_.Malformed("a device", absl::StrCat("type ", type, ", index ", index));
    value = c10::Device(static_cast<c10::DeviceType>(type), index);
    return absl::OkStatus();
  }

  absl::Status Get(MetaStorageDesc& storage) {
    absl::Status status = Get(storage.id);
    return status.ok() ? Get(storage.size) : status;
  }

  absl::Status Get(c10::SymInt& value) {
    std::int64_t plain = 0;
    absl::Status status = cursor_.Get(plain);
    value = plain;
    return status;
  }

  absl::Status Get(MetaTensorDescPtr& record) {
    RecordNumber number = 0;
    if (absl::Status status = cursor_.Get(number); !status.ok()) return status;
    if (number > earlier_.records.size()) {
      return cursor_.Malformed(
          absl::StrCat("the number of a record before this one, at most ", earlier_.records.size()),
          absl::StrCat(number));
    }
    if (number == 0) return absl::OkStatus();
    record = earlier_.records[number - 1];
    height_ = std::max(height_, static_cast<int>(earlier_.heights[number - 1]));
    return absl::OkStatus();
  }

  absl::Status Get(std::shared_ptr<const OpaqueValue>& value) {
    bool is_present = false;
    if (absl::Status status = Get(is_present); !status.ok() || !is_present) return status;
    std::string text;
    std::optional<EncodedValue> encoded;
    absl::Status status = Get(text);
    if (status.ok()) status = Get(encoded);
    if (!status.ok()) return status;
    absl::StatusOr<std::shared_ptr<const OpaqueValue>> decoded =
        DecodeOpaqueValue(decoders_, std::move(text), std::move(encoded));
    if (decoded.ok()) value = *std::move(decoded);
    return decoded.status();
  }

  absl::Status Get(std::shared_ptr<const ViewFunc>& func) {
    bool is_present = false;
    if (absl::Status status = Get(is_present); !status.ok() || !is_present) return status;
    std::string name;
    std::optional<EncodedValue> encoded;
    std::vector<CapturedTensor> captured;
    absl::Status status = Get(name);
    if (status.ok()) status = Get(encoded);
    if (status.ok()) status = Get(captured);
    if (!status.ok()) return status;
    absl::StatusOr<std::shared_ptr<const ViewFunc>> decoded =
        DecodeViewFunc(decoders_, std::move(name), std::move(encoded), std::move(captured));
    if (decoded.ok()) func = *std::move(decoded);
    return decoded.status();
  }

  absl::Status Get(CapturedTensor& captured) {
    if (absl::Status status = Get(captured.desc); !status.ok()) return status;
    if (captured.desc == nullptr) return cursor_.Malformed("the record of a captured tensor", "none");
    return absl::OkStatus();
  }

  absl::Status Get(EncodedValue& value) {
    if (absl::Status status = Get(value.type); !status.ok()) return status;
    std::string_view bytes;
    absl::Status status = cursor_.GetBytes(bytes);
    value.bytes = bytes;
    return status;
  }

  absl::Status Get(SymSizes& values) { return GetList<c10::SymInt>(sizeof(std::int64_t), values); }
  absl::Status Get(std::vector<std::int64_t>& values) { return GetList<std::int64_t>(sizeof(std::int64_t), values); }

  // Other elements have at least 4 bytes: each contains a length or the number of a record.
  template <typename T>
  absl::Status Get(std::vector<T>& values) {
    return GetList<T>(sizeof(std::uint32_t), values);
  }

  template <typename T>
  absl::Status Get(std::vector<std::pair<std::string, T>>& values) {
    if (absl::Status status = GetList<std::pair<std::string, T>>(sizeof(std::uint32_t), values); !status.ok()) {
      return status;
    }
    absl::flat_hash_set<std::string_view> names;
    for (const auto& [name, value] : values) {
      if (!names.insert(name).second) return cursor_.Malformed("unique names", "a duplicate");
    }
    return absl::OkStatus();
  }

  absl::Status Get(std::map<std::int64_t, std::int64_t>& values) {
    std::vector<std::pair<std::int64_t, std::int64_t>> list;
    if (absl::Status status = GetList<std::pair<std::int64_t, std::int64_t>>(2 * sizeof(std::int64_t), list);
        !status.ok()) {
      return status;
    }
    const auto is_before = [](const auto& a, const auto& b) { return a.first <= b.first; };
    if (std::adjacent_find(list.begin(), list.end(), [&](const auto& a, const auto& b) { return is_before(b, a); }) !=
        list.end()) {
      return cursor_.Malformed("keys in increasing order before", "others");
    }
    values.insert(list.begin(), list.end());
    return absl::OkStatus();
  }

  template <typename First, typename Second>
  absl::Status Get(std::pair<First, Second>& values) {
    absl::Status status = Get(values.first);
    return status.ok() ? Get(values.second) : status;
  }

  template <typename T>
  absl::Status Get(std::optional<T>& value) {
    bool is_present = false;
    if (absl::Status status = Get(is_present); !status.ok() || !is_present) return status;
    return Get(value.emplace());
  }

 private:
  template <typename T>
  absl::Status GetEnum(T& value, bool (*is_valid)(std::uint8_t), const char* expected) {
    std::uint8_t number = 0;
    if (absl::Status status = cursor_.Get(number); !status.ok()) return status;
    if (!is_valid(number)) return cursor_.Malformed(expected, absl::StrCat(number));
    value = static_cast<T>(number);
    return absl::OkStatus();
  }

  template <typename T, typename Values>
  absl::Status GetList(std::size_t element_size, Values& values) {
    std::uint32_t count = 0;
    if (absl::Status status = cursor_.GetCount(element_size, count); !status.ok()) return status;
    for (std::uint32_t i = 0; i < count; ++i) {
      T value{};
      if (absl::Status status = Get(value); !status.ok()) return status;
      values.push_back(std::move(value));
    }
    return absl::OkStatus();
  }

  ByteCursor& cursor_;
  const EarlierRecords& earlier_;
  const RecordDecoders& decoders_;
  int height_ = 0;
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_FIELD_READER_H_
