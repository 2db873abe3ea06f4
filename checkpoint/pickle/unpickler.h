// Unpickle: reads one pickle of any protocol (0 to 5) into values, and runs nothing of what it asks for.
//
// See pickle_value.h for what calls and instances become.
//
// Example:
//   PickleHeap heap(kLimits.pickle_heap_bytes);
//   absl::StatusOr<Unpickled> pickle = Unpickle(reader, heap, kLimits);
//
// Thread safety: any number of threads, each with a reader and a heap of its own.
// Lifetime: values belong to the heap.

#ifndef METACONV_CHECKPOINT_PICKLE_UNPICKLER_H_
#define METACONV_CHECKPOINT_PICKLE_UNPICKLER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

struct Unpickled {
  PickleValue root;
  // In the order in which Python would ask for them, those that the root does not reach included.
  std::vector<PicklePersistent*> persistent;
};

// Leaves `reader` right behind the pickle's STOP.
// Errors: kDataLoss if it is no well-formed pickle, kUnimplemented if it needs out-of-band buffers, kResourceExhausted
// past the limits. Messages begin with the offset.
absl::StatusOr<Unpickled> Unpickle(ByteReader& reader, PickleHeap& heap, const Limits& limits = kLimits);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_UNPICKLER_H_
