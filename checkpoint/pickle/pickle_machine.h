// PickleMachine: the state of the pickle machine (stack, marks, memo), and the operations that opcodes are made of.
//
// The opcodes are in pickle_opcodes.h. Error messages of both have no offset; Unpickle adds it.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows reader, heap and limits; values belong to the heap.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_

#include <algorithm>
#include <array>
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

  // --- Reading the argument of an opcode. ---

  // Reads an unsigned little-endian integer of `width` bytes.
  absl::StatusOr<std::uint64_t> ReadUnsigned(int width);

  // Reads such an integer as a length. Errors: kDataLoss if the rest of the pickle is shorter.
  absl::StatusOr<std::uint64_t> ReadLength(int width);

  // Reads up to the next '\n'.
  absl::StatusOr<std::string> ReadLine();

  // Reads a line with the number of a memo entry.
  absl::StatusOr<std::uint64_t> ReadMemoKeyLine();

  absl::StatusOr<std::string_view> Take(std::size_t size) { return reader_.Take(size); }
  const Limits& limits() const { return limits_; }

  // Reads `length` bytes, which is a result of ReadLength, and appends the first `kept` of them to `out`.
  absl::Status ReadInto(std::uint64_t length, std::uint64_t kept, std::string& out);

  // --- Nodes. ---

  // A new node whose offset is that of the current opcode.
  template <class Node>
  Node* New() {
    return heap_.New<Node>(at_);
  }
  void Charge(std::size_t bytes) { heap_.Charge(bytes); }
  // Charges the memory of `count` values that are added to a container.
  void ChargeElements(std::size_t count);

  // --- The stack. As in Python, values below the topmost mark cannot be popped. ---
  absl::Status Push(PickleValue value) {
    stack_.push_back(value);
    return absl::OkStatus();
  }
  absl::Status Require(std::size_t count) const;
  absl::StatusOr<PickleValue> Pop();
  // Pops the topmost values; the first result is the deepest one.
  template <std::size_t kCount>
  absl::StatusOr<std::array<PickleValue, kCount>> Pop() {
    if (absl::Status status = Require(kCount); !status.ok()) return status;
    std::array<PickleValue, kCount> values;
    std::copy(stack_.end() - kCount, stack_.end(), values.begin());
    stack_.resize(stack_.size() - kCount);
    return values;
  }
  absl::StatusOr<std::vector<PickleValue>> Pop(std::size_t count);
  absl::StatusOr<std::vector<PickleValue>> PopToMark();
  // Requires that the stack is not empty.
  PickleValue& top() { return stack_.back(); }

  void Mark() { marks_.push_back(stack_.size()); }
  // Removes the topmost mark if no value is above it, and returns whether it did.
  bool PopMark();

  // --- The memo. ---
  absl::Status Memoize(std::uint64_t key);
  absl::Status MemoizeNext() { return Memoize(memo_.size() + sparse_memo_.size()); }
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
  std::vector<std::size_t> marks_;  // The size of the stack at each mark.
  // Pickles number the entries of the memo from 0 on. Those that are out of order are in the second table. No entry is
  // in both.
  std::vector<PickleValue> memo_;
  absl::flat_hash_map<std::uint64_t, PickleValue> sparse_memo_;
};

// "expected `wanted`, found an int"
absl::Status UnexpectedValue(std::string_view wanted, const PickleValue& found);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_MACHINE_H_
