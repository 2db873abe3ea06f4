// PickleMachine: the state of an unpickling: stack, marks, memo, and how opcodes read and change them.
//
// The opcodes themselves are in pickle_opcodes.h. Errors here and there have no offset: the loop that runs them adds
// it.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows reader, heap and limits; values belong to the heap.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

class PickleMachine {
 public:
  PickleMachine(ByteReader& reader, PickleHeap& heap, const Limits& limits)
      : reader_(reader), heap_(heap), limits_(limits) {}

  // --- What follows an opcode. ---

  // An unsigned integer of `width` bytes, least significant first.
  absl::StatusOr<std::uint64_t> ReadUnsigned(int width);

  // The same as a length that the rest of the pickle can hold.
  absl::StatusOr<std::uint64_t> ReadLength(int width);

  // Up to the next '\n'.
  absl::StatusOr<std::string> ReadLine();

  // The number of a memo entry on a line of its own.
  absl::StatusOr<std::uint64_t> ReadMemoKeyLine();

  absl::StatusOr<std::string_view> Take(std::size_t size) { return reader_.Take(size); }
  const Limits& limits() const { return limits_; }

  // Reads bytes of a length that ReadLength gave, and keeps the first `kept` of them.
  absl::Status ReadInto(std::uint64_t length, std::uint64_t kept, std::string& out);

  // --- Nodes. ---

  // Made by the current opcode.
  template <class Node>
  Node* New() {
    return heap_.New<Node>(at_);
  }
  void Charge(std::size_t bytes) { heap_.Charge(bytes); }
  // For `count` values that a container takes in.
  void ChargeElements(std::size_t count);

  // --- The stack. Values under the topmost mark are out of reach, as in Python. ---
  absl::Status Push(PickleValue value) {
    stack_.push_back(value);
    return absl::OkStatus();
  }
  absl::Status Require(std::size_t count) const;
  absl::StatusOr<PickleValue> Pop();
  // The topmost `count` values, the deepest first.
  absl::StatusOr<std::vector<PickleValue>> Pop(std::size_t count);
  absl::StatusOr<std::vector<PickleValue>> PopToMark();
  // Requires that there is one.
  PickleValue& top() { return stack_.back(); }

  void Mark() { marks_.push_back(stack_.size()); }
  // Takes away a mark that has no value above it.
  bool PopMark();

  // --- The memo. ---
  absl::Status Memoize(std::uint64_t key);
  absl::Status MemoizeNext() { return Memoize(memo_.size()); }
  absl::Status Recall(std::uint64_t key);

  // --- The loop. ---
  std::uint64_t at() const { return at_; }  // Offset of the current opcode.
  absl::StatusOr<std::uint8_t> ReadOpcode();
  absl::Status CheckLimits() const;
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  std::vector<PicklePersistent*> persistent;  // In the order of the opcodes.

 private:
  ByteReader& reader_;
  PickleHeap& heap_;
  const Limits& limits_;
  std::uint64_t at_ = 0;
  bool stopped_ = false;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // Sizes that the stack had.
  absl::flat_hash_map<std::uint64_t, PickleValue> memo_;
};

// "expected `wanted`, found an int"
absl::Status UnexpectedValue(std::string_view wanted, const PickleValue& found);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_
