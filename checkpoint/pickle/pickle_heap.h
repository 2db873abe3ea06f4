// PickleHeap: owns the nodes of unpickled values, and limits their memory.
//
// All nodes are freed together, so no recursion is needed for deeply nested values.
//
// Thread safety: for one thread at a time.
// Lifetime: nodes live as long as the heap.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_HEAP_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <tuple>

#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

class PickleHeap {
 public:
  explicit PickleHeap(std::size_t limit_bytes) : limit_(limit_bytes) {}
  PickleHeap(const PickleHeap&) = delete;
  PickleHeap& operator=(const PickleHeap&) = delete;

  template <class Node>
  Node* New(std::uint64_t offset) {
    used_ += sizeof(Node);
    Node& node = std::get<std::deque<Node>>(nodes_).emplace_back();
    node.offset = offset;
    return &node;
  }

  // Adds memory that a node owns in addition to its own size.
  void Charge(std::size_t bytes) { used_ += bytes; }

  // Whether the limit is exceeded. Callers check it after each opcode, which makes only a few nodes.
  bool full() const { return used_ > limit_; }
  std::size_t limit() const { return limit_; }

  // All calls and instances in the pickles of this heap, including those that no other value refers to.
  const std::deque<PickleObject>& objects() const { return std::get<std::deque<PickleObject>>(nodes_); }

 private:
  const std::size_t limit_;
  std::size_t used_ = 0;
  std::tuple<std::deque<PickleString>, std::deque<PickleBytes>, std::deque<PickleBigInt>, std::deque<PickleTuple>,
             std::deque<PickleList>, std::deque<PickleSet>, std::deque<PickleDict>, std::deque<PickleGlobal>,
             std::deque<PickleObject>, std::deque<PicklePersistent>>
      nodes_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_HEAP_H_
