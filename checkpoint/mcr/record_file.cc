#include "checkpoint/mcr/record_file.h"

#include <ostream>

#include "checkpoint/io/file.h"
#include "checkpoint/io/file_mapping.h"
#include "checkpoint/io/replace_file.h"
#include "meta/binary/encode_records.h"
#include "meta/with_context.h"

namespace metaconv {

absl::Status WriteRecords(const std::string& path, absl::Span<const NamedTensor> tensors,
                          absl::Span<const OpaqueObject> opaque, DescriberId describer_id) {
  const absl::StatusOr<std::string> bytes = EncodeRecords(tensors, opaque, describer_id);
  if (!bytes.ok()) return bytes.status();
  return WithContext(path, ReplaceFile(path, [&](std::ostream& os) { os << *bytes; }));
}

absl::StatusOr<RecordModel> ReadRecords(const std::string& path, const DecodeOptions& options) {
  const absl::StatusOr<File> file = File::Open(path);
  if (!file.ok()) return WithContext(path, file.status());
  const absl::StatusOr<FileMapping> mapping = FileMapping::Map(*file);
  if (!mapping.ok()) return WithContext(path, mapping.status());
  absl::StatusOr<RecordModel> model = DecodeRecords(mapping->bytes(), options);
  if (!model.ok()) return WithContext(path, model.status());
  return model;
}

}  // namespace metaconv
