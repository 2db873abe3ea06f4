#include "checkpoint/pickle/pickle_machine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/pickle/pickle_text.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {
namespace {

// The memory of an element of a container, including the unused capacity of the container.
constexpr std::size_t kElementBytes = 2 * sizeof(PickleValue);
constexpr std::size_t kMemoEntryBytes = 48;

}  // namespace

absl::StatusOr<std::uint64_t> PickleMachine::ReadUnsigned(int width) {
  absl::StatusOr<std::string_view> bytes = reader_.Take(static_cast<std::size_t>(width));
  if (!bytes.ok()) return bytes.status();
  std::uint64_t value = 0;
  for (std::size_t i = bytes->size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>((*bytes)[i]);
  return value;
}

absl::StatusOr<std::uint64_t> PickleMachine::ReadLength(int width) {
  absl::StatusOr<std::uint64_t> length = ReadUnsigned(width);
  if (!length.ok() || *length <= reader_.remaining()) return length;
  return absl::DataLossError(absl::StrCat("expected ", *length, " more bytes, found ", reader_.remaining()));
}

absl::StatusOr<std::string> PickleMachine::ReadLine() {
  absl::StatusOr<std::string> line = reader_.ReadLine(limits_.line_bytes);
  if (line.ok() && line->ends_with('\r')) line->pop_back();
  return line;
}

absl::StatusOr<std::uint64_t> PickleMachine::ReadMemoKeyLine() {
  absl::StatusOr<std::string> line = ReadLine();
  if (!line.ok()) return line.status();
  const std::optional<std::int64_t> key = ParseDecimal(*line);
  if (!key.has_value() || *key < 0) return absl::DataLossError("expected the number of a memo entry");
  return static_cast<std::uint64_t>(*key);
}

absl::Status PickleMachine::ReadInto(std::uint64_t length, std::uint64_t kept, std::string& out) {
  kept = std::min(kept, length);
  if (absl::Status status = reader_.Append(kept, out); !status.ok()) return status;
  heap_.Charge(out.capacity());
  return reader_.Skip(length - kept);
}

void PickleMachine::ChargeElements(std::size_t count) { heap_.Charge(count * kElementBytes); }

absl::Status PickleMachine::Require(std::size_t count) const {
  const std::size_t found = stack_.size() - (marks_.empty() ? 0 : marks_.back());
  if (found >= count) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("expected ", count, " values on the stack, found ", found));
}

absl::StatusOr<PickleValue> PickleMachine::Pop() {
  if (absl::Status status = Require(1); !status.ok()) return status;
  const PickleValue value = stack_.back();
  stack_.pop_back();
  return value;
}

absl::StatusOr<std::vector<PickleValue>> PickleMachine::Pop(std::size_t count) {
  if (absl::Status status = Require(count); !status.ok()) return status;
  const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(count);
  std::vector<PickleValue> values(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  return values;
}

absl::StatusOr<std::vector<PickleValue>> PickleMachine::PopToMark() {
  if (marks_.empty()) return absl::DataLossError("expected a mark on the stack, found none");
  absl::StatusOr<std::vector<PickleValue>> values = Pop(stack_.size() - marks_.back());
  marks_.pop_back();
  return values;
}

bool PickleMachine::PopMark() {
  if (marks_.empty() || stack_.size() != marks_.back()) return false;
  marks_.pop_back();
  return true;
}

absl::Status PickleMachine::Memoize(std::uint64_t key) {
  if (absl::Status status = Require(1); !status.ok()) return status;
  if (key < memo_.size()) {
    memo_[key] = stack_.back();
  } else if (key == memo_.size()) {
    if (sparse_memo_.empty() || sparse_memo_.erase(key) == 0) heap_.Charge(kMemoEntryBytes);
    memo_.push_back(stack_.back());
  } else if (sparse_memo_.insert_or_assign(key, stack_.back()).second) {
    heap_.Charge(kMemoEntryBytes);
  }
  return absl::OkStatus();
}

absl::Status PickleMachine::Recall(std::uint64_t key) {
  if (key < memo_.size()) return Push(memo_[key]);
  const auto found = sparse_memo_.find(key);
  if (found != sparse_memo_.end()) return Push(found->second);
  return absl::DataLossError(absl::StrCat("expected a memoized value, found none under ", key));
}

absl::StatusOr<std::uint8_t> PickleMachine::ReadOpcode() {
  at_ = reader_.offset();
  return reader_.ReadLittleEndian<std::uint8_t>();
}

absl::Status PickleMachine::CheckLimits() const {
  if (heap_.full()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("expected values of at most ", heap_.limit(), " bytes together, found more"));
  }
  if (stack_.size() > limits_.stack_values || marks_.size() > limits_.stack_marks) {
    return absl::ResourceExhaustedError(absl::StrCat("values are nested too deeply: ", stack_.size(), " values and ",
                                                     marks_.size(), " marks on the stack"));
  }
  return absl::OkStatus();
}

absl::Status UnexpectedValue(std::string_view wanted, const PickleValue& found) {
  return absl::DataLossError(absl::StrCat("expected ", std::string(wanted), ", found ", DescribeKind(found)));
}

}  // namespace metaconv
