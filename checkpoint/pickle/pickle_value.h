// PickleValue: what a pickle says, before anybody asks what it means.
//
// The unpickler runs nothing. A call in the pickle becomes a PickleObject that keeps the function's name and its
// arguments; what later opcodes add to the object (list items, dict items, state) is kept beside them. So one form
// covers an OrderedDict, a tensor and an instance of a class nobody here has heard of, and its readers decide which it
// is.
//
// Scalars are held by value, everything else by pointer: two values are the same Python object if their pointers are
// equal. A pickle may make an object contain itself, so whoever follows pointers must expect cycles.
//
// Example:
//   PickleValue value = …;
//   if (const PickleTuple* tuple = As<PickleTuple>(value)) … tuple->items[0] …
//   if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) …
//
// Thread safety: for one thread at a time.
// Lifetime: nodes belong to the PickleHeap they were made in.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_VALUE_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_VALUE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace metaconv {

struct PickleString;
struct PickleBytes;
struct PickleBigInt;
struct PickleTuple;
struct PickleList;
struct PickleSet;
struct PickleDict;
struct PickleGlobal;
struct PickleObject;
struct PicklePersistent;

struct PickleNone {};

using PickleValue =
    std::variant<PickleNone, bool, std::int64_t, double, PickleString*, PickleBytes*, PickleBigInt*, PickleTuple*,
                 PickleList*, PickleSet*, PickleDict*, PickleGlobal*, PickleObject*, PicklePersistent*>;

// Every node knows the offset of the opcode that made it, for error messages.
struct PickleNode {
  std::uint64_t offset = 0;
};

// UTF-8 if the pickle keeps its own rules; Python 2 strings are whatever bytes they were. Cut after
// Limits::string_bytes.
struct PickleString : PickleNode {
  std::string text;
};

struct PickleBytes : PickleNode {
  std::uint64_t size = 0;
  std::string content;  // The first kKeptBytes: long byte strings are data, which nobody here reads.
  static constexpr std::uint64_t kKeptBytes = 4096;
};

// An integer outside of 64 bits.
struct PickleBigInt : PickleNode {
  std::string little_endian;  // Two's complement.
};

struct PickleTuple : PickleNode {
  std::vector<PickleValue> items;
};

struct PickleList : PickleNode {
  std::vector<PickleValue> items;
};

struct PickleSet : PickleNode {  // Also a frozenset.
  std::vector<PickleValue> items;
};

using PickleItems = std::vector<std::pair<PickleValue, PickleValue>>;

struct PickleDict : PickleNode {
  PickleItems items;  // In the order of the file, repeated keys included.
};

struct PickleGlobal : PickleNode {
  std::string module;
  std::string name;

  std::string FullName() const { return module + "." + name; }
};

// The result of a call, or an instance of a class.
struct PickleObject : PickleNode {
  PickleValue callable;
  PickleTuple* args = nullptr;        // Never null.
  PickleValue kwargs;                 // A dict, or None.
  std::vector<PickleValue> appended;  // APPEND, APPENDS, ADDITEMS.
  PickleItems items;                  // SETITEM, SETITEMS.
  std::vector<PickleValue> states;    // BUILD; more than once only in odd files.
};

// Something outside of the pickle, such as a storage.
struct PicklePersistent : PickleNode {
  PickleValue id;
};

template <class Node>
Node* As(const PickleValue& value) {
  Node* const* const node = std::get_if<Node*>(&value);
  return node == nullptr ? nullptr : *node;
}

// Text of a str, or null.
const std::string* AsText(const PickleValue& value);

// Identity, for maps; null for values that are held by value.
const void* AddressOf(const PickleValue& value);

// For error messages: "an int", "a tuple of 3", "a str".
std::string DescribeKind(const PickleValue& value);

// What Python's str() says of a dict key: str as it is, numbers in digits, tuples and bytes as their repr.
std::string KeyText(const PickleValue& key);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_VALUE_H_
