// The parts of an unpickled value and their names, in the order in which flatten.h lists them.
//
// Scalars, strings and sets are omitted, since they contain no tensors and no objects that are listed.
//
// Thread safety: pure functions.
// Lifetime: results borrow the values.

#ifndef METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_
#define METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

struct PickleChild {
  std::string_view prefix;  // "args", "state", …; empty if the label alone is the name.
  PickleValue label;        // A key or an index, or None.
  PickleValue value;
};

struct PickleChildren {
  std::vector<PickleChild> items;
  std::size_t scanned = 0;  // The number of parts, including those that are omitted.
};

PickleChildren ChildrenOfSequence(const std::vector<PickleValue>& items);

// If a key is repeated, it has its last value, at its first position.
PickleChildren ChildrenOfDict(const PickleItems& items);

// Of an OrderedDict or another dict that a call makes.
PickleChildren ChildrenOfDictObject(const PickleObject& object);

// Of a list or tuple that a call makes.
PickleChildren ChildrenOfSequenceObject(const PickleObject& object);

// Of an instance of any class. `args` are the arguments of its constructor. They are those of the object, except for
// functions that take the class as an argument.
PickleChildren ChildrenOfInstance(const PickleObject& object, const std::vector<PickleValue>& args,
                                  const std::vector<PickleValue>& states);

// Whether a state sets at least one attribute.
bool HasAttributes(const PickleObject& object);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_
