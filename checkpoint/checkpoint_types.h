// The options and the result of ReadCheckpoint; see checkpoint.h.
//
// Thread safety: plain values.
// Lifetime: a Checkpoint owns its records and is independent of the file.

#ifndef METACONV_CHECKPOINT_CHECKPOINT_TYPES_H_
#define METACONV_CHECKPOINT_CHECKPOINT_TYPES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "c10/core/Device.h"
#include "checkpoint/storage_location.h"
#include "meta/named_tensor.h"
#include "meta/record_decoders.h"

namespace metaconv {

// The format of a file, identified by its name. The formats that can be read are in the table of formats.cc; one that
// is added there does not need a constant here.
struct CheckpointFormat {
  std::string_view name;  // Of static storage duration.

  static const CheckpointFormat kTorchZip;     // torch.save since PyTorch 1.6: a zip archive.
  static const CheckpointFormat kTorchLegacy;  // torch.save before 1.6: a sequence of pickles, then the storages.
  static const CheckpointFormat kTorchTar;     // torch.save before 0.1.10: a tar archive.
  static const CheckpointFormat kTorchScript;  // torch.jit.save.
  static const CheckpointFormat kSafetensors;
  static const CheckpointFormat kRecords;  // EncodeRecords: records alone.

  friend bool operator==(const CheckpointFormat&, const CheckpointFormat&) = default;
};

inline constexpr CheckpointFormat CheckpointFormat::kTorchZip = {"torch.save"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchLegacy = {"torch.save before PyTorch 1.6"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchTar = {"torch.save before PyTorch 0.1.10"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchScript = {"torch.jit.save"};
inline constexpr CheckpointFormat CheckpointFormat::kSafetensors = {"safetensors"};
inline constexpr CheckpointFormat CheckpointFormat::kRecords = {"records"};

struct Checkpoint {
  CheckpointFormat format;
  // In the order of the file. Ids are consecutive in the order in which records are first met, which includes nested
  // records (parts, bases).
  std::vector<NamedTensor> tensors;
  std::vector<OpaqueObject> opaque;  // In the order of the file.
  // The locations of the storages' bytes, by MetaStorageDesc::id. Empty unless ReadOptions::locate_storages is set.
  std::vector<StorageLocation> storages;
};

struct ReadOptions {
  // The device that the records name; absent: the device in the file.
  std::optional<c10::Device> map_location = {};

  // Whether to fill Checkpoint::storages. In zip archives this takes a small read for each storage. CheckpointFile
  // always sets it.
  bool locate_storages = false;

  // Whether records of sparse COO tensors contain records of their indices and values, which are needed to load them.
  // The reference's records do not, so ids differ from the reference's if this is set.
  bool sparse_parts = false;

  // Restores view functions and opaque values, which only files of records contain: see kinds/record_decoders.h.
  RecordDecoders decoders = {};
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_TYPES_H_
