#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "checkpoint/pickle/big_int.h"
#include "checkpoint/pickle/pickle_machine.h"
#include "checkpoint/pickle/pickle_opcodes.h"
#include "checkpoint/pickle/pickle_text.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {
namespace {

absl::Status PushNone(PickleMachine& machine, int) { return machine.Push(PickleNone{}); }

absl::Status PushBool(PickleMachine& machine, int value) { return machine.Push(value != 0); }

absl::Status UnsignedInt(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> value = machine.ReadUnsigned(width);
  if (!value.ok()) return value.status();
  return machine.Push(static_cast<std::int64_t>(*value));
}

absl::Status SignedInt(PickleMachine& machine, int) {
  absl::StatusOr<std::uint64_t> value = machine.ReadUnsigned(4);
  if (!value.ok()) return value.status();
  return machine.Push(std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(*value))});
}

absl::Status PushDecimal(PickleMachine& machine, std::string_view text) {
  const std::optional<std::int64_t> value = ParseDecimal(text);
  if (!value.has_value()) return absl::DataLossError("expected an integer in decimal");
  return machine.Push(*value);
}

absl::Status IntLine(PickleMachine& machine, int) {
  absl::StatusOr<std::string> line = machine.ReadLine();
  if (!line.ok()) return line.status();
  // Protocol 0 writes booleans this way.
  if (*line == "00") return machine.Push(false);
  if (*line == "01") return machine.Push(true);
  return PushDecimal(machine, *line);
}

absl::Status LongLine(PickleMachine& machine, int) {
  absl::StatusOr<std::string> line = machine.ReadLine();
  if (!line.ok()) return line.status();
  if (line->ends_with('L')) line->pop_back();
  return PushDecimal(machine, *line);
}

absl::Status Long(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> length = machine.ReadLength(width);
  if (!length.ok()) return length.status();
  PickleBigInt* const number = machine.New<PickleBigInt>();
  if (*length > machine.limits().string_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("expected an integer of at most ", machine.limits().string_bytes, " bytes, found ", *length));
  }
  if (absl::Status status = machine.ReadInto(*length, *length, number->little_endian); !status.ok()) return status;
  if (const std::optional<std::int64_t> value = BigIntValue(number->little_endian)) return machine.Push(*value);
  return machine.Push(number);
}

absl::Status BinFloat(PickleMachine& machine, int) {
  absl::StatusOr<std::string_view> bytes = machine.Take(8);
  if (!bytes.ok()) return bytes.status();
  std::uint64_t bits = 0;
  for (const char c : *bytes) bits = bits << 8 | static_cast<unsigned char>(c);
  return machine.Push(std::bit_cast<double>(bits));
}

absl::Status FloatLine(PickleMachine& machine, int) {
  absl::StatusOr<std::string> line = machine.ReadLine();
  if (!line.ok()) return line.status();
  double value = 0;
  const char* const end = line->data() + line->size();
  const std::from_chars_result result = std::from_chars(line->data(), end, value);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) return absl::DataLossError("expected a number");
  return machine.Push(value);
}

absl::Status String(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> length = machine.ReadLength(width);
  if (!length.ok()) return length.status();
  PickleString* const string = machine.New<PickleString>();
  if (absl::Status status = machine.ReadInto(*length, machine.limits().string_bytes, string->text); !status.ok()) {
    return status;
  }
  return machine.Push(string);
}

absl::Status Bytes(PickleMachine& machine, int width) {
  absl::StatusOr<std::uint64_t> length = machine.ReadLength(width);
  if (!length.ok()) return length.status();
  PickleBytes* const bytes = machine.New<PickleBytes>();
  bytes->size = *length;
  if (absl::Status status = machine.ReadInto(*length, PickleBytes::kKeptBytes, bytes->content); !status.ok()) {
    return status;
  }
  return machine.Push(bytes);
}

absl::Status PushText(PickleMachine& machine, std::optional<std::string> (*parse)(std::string_view),
                      std::string_view error) {
  absl::StatusOr<std::string> line = machine.ReadLine();
  if (!line.ok()) return line.status();
  std::optional<std::string> text = parse(*line);
  if (!text.has_value()) return absl::DataLossError(absl::string_view(error.data(), error.size()));
  PickleString* const string = machine.New<PickleString>();
  string->text = *std::move(text);
  machine.Charge(string->text.capacity());
  return machine.Push(string);
}

absl::Status StringLine(PickleMachine& machine, int) {
  return PushText(machine, &ParseStringLiteral, "expected a quoted string");
}

absl::Status UnicodeLine(PickleMachine& machine, int) {
  return PushText(machine, &ParseRawUnicodeEscape, "expected raw-unicode-escape text");
}

}  // namespace

void AddScalarOpcodes(PickleOpcodes& opcodes) {
  opcodes['N'] = {PushNone};
  opcodes[0x88] = {PushBool, 1};
  opcodes[0x89] = {PushBool, 0};
  // Numbers.
  opcodes['I'] = {IntLine};
  opcodes['L'] = {LongLine};
  opcodes['J'] = {SignedInt};
  opcodes['K'] = {UnsignedInt, 1};
  opcodes['M'] = {UnsignedInt, 2};
  opcodes[0x8a] = {Long, 1};
  opcodes[0x8b] = {Long, 4};
  opcodes['F'] = {FloatLine};
  opcodes['G'] = {BinFloat};
  // str of Python 2, which may be text or bytes. It is read as text.
  opcodes['S'] = {StringLine};
  opcodes['T'] = {String, 4};
  opcodes['U'] = {String, 1};
  // str.
  opcodes['V'] = {UnicodeLine};
  opcodes['X'] = {String, 4};
  opcodes[0x8c] = {String, 1};
  opcodes[0x8d] = {String, 8};
  // bytes and bytearray.
  opcodes['C'] = {Bytes, 1};
  opcodes['B'] = {Bytes, 4};
  opcodes[0x8e] = {Bytes, 8};
  opcodes[0x96] = {Bytes, 8};
}

}  // namespace metaconv
