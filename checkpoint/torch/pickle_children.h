// What is inside of an unpickled value, each part with its name there, in the order in which flatten.h lists it.
//
// Scalars, strings and sets are left out: nothing is found in them.
//
// Thread safety: pure functions.
// Lifetime: results borrow from the values.

#ifndef METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_
#define METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

struct PickleChild {
  std::string_view prefix;  // "args", "state", …; empty for what has a name of its own.
  PickleValue label;        // A key or an index, or None.
  PickleValue value;
};

struct PickleChildren {
  std::vector<PickleChild> items;
  std::size_t scanned = 0;  // How many were looked at, those left out included.
};

PickleChildren ChildrenOfSequence(const std::vector<PickleValue>& items);

// A repeated key has its last value, in its first place.
PickleChildren ChildrenOfDict(const PickleItems& items);

// Of an OrderedDict or another dict that is made by a call.
PickleChildren ChildrenOfDictObject(const PickleObject& object);

// Of a list or tuple that is made by a call.
PickleChildren ChildrenOfSequenceObject(const PickleObject& object);

// Of an instance of any class. `args` are its constructor's, which are those of the object except for the functions
// that take the class as an argument.
PickleChildren ChildrenOfInstance(const PickleObject& object, const std::vector<PickleValue>& args,
                                  const std::vector<PickleValue>& states);

// Whether the state is attributes by name, with at least one.
bool HasAttributes(const PickleObject& object);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_PICKLE_CHILDREN_H_
