// Unpickle: reads one pickle of any protocol (0 to 5) into values, without executing what it calls.
//
// See pickle_value.h for how calls and instances are represented.
//
// Example:
//   PickleHeap heap(kLimits.pickle_heap_bytes);
//   absl::StatusOr<Unpickled> pickle = Unpickle(reader, heap, kLimits);
//
// Thread safety: any number of threads, each with its own reader and heap.
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
  // In the order of the opcodes, in which Python would load them; including those that the root does not refer to.
  std::vector<PicklePersistent*> persistent;
};

// Afterwards `reader` is at the byte after the opcode STOP.
// Errors: kDataLoss if the pickle is malformed, kUnimplemented if it needs out-of-band buffers, kResourceExhausted if
// it exceeds the limits. Messages begin with the offset.
absl::StatusOr<Unpickled> Unpickle(ByteReader& reader, PickleHeap& heap, const Limits& limits = kLimits);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_UNPICKLER_H_
