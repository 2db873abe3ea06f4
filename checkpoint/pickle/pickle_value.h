// PickleValue: a value of a pickle, without any interpretation.
//
// The unpickler executes no code. A call in the pickle becomes a PickleObject with the name of the function and the
// arguments; what later opcodes add to the object (list items, dict items, state) is kept with it. So a PickleObject
// represents an OrderedDict, a tensor, or an instance of an unknown class, and its users decide which of these it is.
//
// Scalars are held by value, all other values by pointer: two values are the same Python object if their pointers are
// equal. An object may contain itself, so code that follows pointers has to handle cycles.
//
// Example:
//   PickleValue value = …;
//   if (const PickleTuple* tuple = As<PickleTuple>(value)) … tuple->items[0] …
//   if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) …
//
// Thread safety: for one thread at a time.
// Lifetime: nodes belong to the PickleHeap that made them.

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

// A node has the offset of the opcode that made it, for error messages.
struct PickleNode {
  std::uint64_t offset = 0;
};

// UTF-8 in a well-formed pickle, but strings of Python 2 may be any bytes. Truncated after Limits::string_bytes.
struct PickleString : PickleNode {
  std::string text;
};

struct PickleBytes : PickleNode {
  std::uint64_t size = 0;
  std::string content;  // The first kKeptBytes; longer byte strings contain data that is not needed.
  static constexpr std::uint64_t kKeptBytes = 4096;
};

// An integer that does not fit 64 bits.
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
  PickleItems items;  // In the order of the file, including repeated keys.
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
  std::vector<PickleValue> states;    // BUILD. Usually there is at most one.
};

// A reference to something outside the pickle, such as a storage.
struct PicklePersistent : PickleNode {
  PickleValue id;
};

template <class Node>
Node* As(const PickleValue& value) {
  Node* const* const node = std::get_if<Node*>(&value);
  return node == nullptr ? nullptr : *node;
}

// The text of a str; null for other values.
const std::string* AsText(const PickleValue& value);

// The identity of the object, for maps; null for values that are held by value.
const void* AddressOf(const PickleValue& value);

// For error messages: "the int 7", "a tuple of 3", "a str".
std::string DescribeKind(const PickleValue& value);

// A dict key as Python's str() converts it: str unchanged, numbers in digits, tuples and bytes as their repr.
std::string KeyText(const PickleValue& key);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_VALUE_H_
