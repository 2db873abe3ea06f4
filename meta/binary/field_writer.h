// FieldWriter: appends the value of a record's field to the binary form. field_reader.h reads it.
//
// An overload for each type. A list is its length and its elements, an optional value is a boolean and the value, a
// nested record is its number.
//
// Example:
//   FieldWriter writer(number_of, block);
//   writer.Put(desc.size);
//   if (!writer.status().ok()) return writer.status();
//
// Thread safety: none.
// Lifetime: the buffer must outlive it.

#ifndef METACONV_META_BINARY_FIELD_WRITER_H_
#define METACONV_META_BINARY_FIELD_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/binary/layout.h"
#include "meta/encoded_value.h"
#include "meta/meta_tensor_desc.h"
#include "meta/python_repr.h"
#include "meta/utf8.h"

namespace metaconv::binary {

class FieldWriter {
 public:
  using NumberOf = absl::FunctionRef<RecordNumber(const MetaTensorDesc&)>;

  // Appends to `out`. `number_of` gives the number of a record that was written before.
  FieldWriter(NumberOf number_of, std::string& out) : number_of_(number_of), out_(out) {}

  // The first error of a value that has no binary form.
  const absl::Status& status() const { return status_; }

  template <typename T>
  void PutNumber(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }

  void PutCount(std::size_t count) {
    if (count > std::numeric_limits<std::uint32_t>::max()) {
      status_.Update(absl::InvalidArgumentError(absl::StrCat("expected less than 2^32 elements, found ", count)));
    }
    PutNumber(static_cast<std::uint32_t>(count));
  }

  void PutBytes(std::string_view bytes) {
    PutCount(bytes.size());
    out_.append(bytes);
  }

  void Put(bool value) { PutNumber<std::uint8_t>(value ? 1 : 0); }
  void Put(std::int64_t value) { PutNumber(value); }
  void Put(c10::ScalarType value) { PutNumber(value); }
  void Put(c10::Layout value) { PutNumber(value); }
  void Put(CreationMeta value) { PutNumber(value); }

  void Put(c10::Device value) {
    PutNumber(value.type());
    PutNumber(value.index());
  }

  void Put(const MetaStorageDesc& storage) {
    Put(storage.id);
    Put(storage.size);
  }

  void Put(const std::string& text) {
    if (!IsUtf8(text)) status_.Update(absl::InvalidArgumentError("expected text in UTF-8, found other bytes"));
    PutBytes(text);
  }

  void Put(const c10::SymInt& value) {
    const std::optional<std::int64_t> plain = value.maybe_as_int();
    if (!plain.has_value()) {
      status_.Update(absl::UnimplementedError(
          absl::StrCat("expected an integer, found the symbolic expression '", PythonRepr(value), "'")));
    }
    PutNumber(plain.value_or(0));
  }

  void Put(const MetaTensorDescPtr& record) { PutNumber(record == nullptr ? RecordNumber{0} : number_of_(*record)); }

  void Put(const std::shared_ptr<const OpaqueValue>& value) {
    Put(value != nullptr);
    if (value == nullptr) return;
    Put(value->Repr());
    Put(value->Encode());
  }

  void Put(const std::shared_ptr<const ViewFunc>& func) {
    Put(func != nullptr);
    if (func == nullptr) return;
    Put(func->Name());
    Put(func->Encode());
    PutCount(func->captured().size());
    for (const CapturedTensor& captured : func->captured()) Put(captured.desc);
  }

  void Put(const EncodedValue& value) {
    Put(value.type);
    PutBytes(value.bytes);
  }

  void Put(const SymSizes& values) { PutList(values); }

  template <typename T>
  void Put(const std::vector<T>& values) {
    PutList(values);
  }

  template <typename T>
  void Put(const std::vector<std::pair<std::string, T>>& values) {
    absl::flat_hash_set<std::string_view> names;
    for (const auto& [name, value] : values) {
      if (!names.insert(name).second)
        status_.Update(absl::InvalidArgumentError("expected unique names, found a duplicate"));
    }
    PutList(values);
  }

  void Put(const std::map<std::int64_t, std::int64_t>& values) { PutList(values); }

  template <typename First, typename Second>
  void Put(const std::pair<First, Second>& values) {
    Put(values.first);
    Put(values.second);
  }

  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }

 private:
  template <typename Values>
  void PutList(const Values& values) {
    PutCount(values.size());
    for (const auto& value : values) Put(value);
  }

  NumberOf number_of_;
  std::string& out_;
  absl::Status status_;
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_FIELD_WRITER_H_
