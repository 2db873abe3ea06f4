// DecodeRecords: the records of a whole model from the bytes that EncodeRecords wrote.
//
// A record that several others refer to becomes one object that all of them share. The bytes may come from anywhere, for
// example from a mapped file: each is checked before it is used, and memory is allocated only for what is there.
//
// Example:
//   absl::StatusOr<RecordModel> model = DecodeRecords(bytes);
//   for (const NamedTensor& tensor : model->tensors) std::cout << tensor.name << ' ' << *tensor.desc << '\n';
//
// Only the format is checked here. Consistency between fields is checked when something is built from a record.
//
// Thread safety: a pure function. The bytes must not change during the call.
// Lifetime: the result is independent of the bytes.

#ifndef METACONV_META_BINARY_DECODE_RECORDS_H_
#define METACONV_META_BINARY_DECODE_RECORDS_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "meta/meta_storage_desc.h"
#include "meta/named_tensor.h"
#include "meta/record_decoders.h"

namespace metaconv {

struct RecordModel {
  std::vector<NamedTensor> tensors;  // In the order in which they were written.
  std::vector<OpaqueObject> opaque;
  DescriberId describer_id = 0;
};

struct DecodeOptions {
  // For values that are to be used, not only shown. See record_decoders.h.
  RecordDecoders decoders = {};
  // The device of all records; nullopt: the device in the file.
  std::optional<c10::Device> device = {};
};

// Whether `bytes`, or the first ones of a longer file, are in this format.
bool IsRecordModel(std::string_view bytes);

// Errors: kDataLoss for bytes that EncodeRecords does not write; the message names the offset, and the record and the
// field if they are known. kUnimplemented for a later version, and for fields that this version does not know.
// kInvalidArgument if a decoder rejects a value.
absl::StatusOr<RecordModel> DecodeRecords(std::string_view bytes, const DecodeOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_META_BINARY_DECODE_RECORDS_H_
