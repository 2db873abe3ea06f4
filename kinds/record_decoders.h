// TorchDecoders: restores the values of records that are needed to build tensors: view functions, functorch stacks, and
// the contexts of registered wrapper types.
//
// Only operators that return a view of their input, and write to nothing, are accepted in a view function: a record may
// come from anywhere, and building a tensor from it must not write to files or to other tensors.
//
// Example:
//   absl::StatusOr<RecordModel> model = DecodeRecords(bytes, {.decoders = TorchDecoders()});
//   converter.MetaTensor(*model->tensors[0].desc);
//
// Thread safety: the decoders may be called from any thread.
// Lifetime: independent of everything.

#ifndef METACONV_KINDS_RECORD_DECODERS_H_
#define METACONV_KINDS_RECORD_DECODERS_H_

#include "meta/record_decoders.h"

namespace metaconv {

RecordDecoders TorchDecoders();

}  // namespace metaconv

#endif  // METACONV_KINDS_RECORD_DECODERS_H_
