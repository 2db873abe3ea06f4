// What ReadCheckpoint takes and gives; see checkpoint.h.
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
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The format of a file, identified by its name. The formats that can be read are in the table of formats.cc; one that is
// added there does not need a constant here.
struct CheckpointFormat {
  std::string_view name;  // Of static storage duration.

  static const CheckpointFormat kTorchZip;     // torch.save since PyTorch 1.6: a zip archive.
  static const CheckpointFormat kTorchLegacy;  // torch.save before 1.6: a sequence of pickles, then the storages.
  static const CheckpointFormat kTorchTar;     // torch.save before 0.1.10: a tar archive.
  static const CheckpointFormat kTorchScript;  // torch.jit.save.
  static const CheckpointFormat kSafetensors;

  friend bool operator==(const CheckpointFormat&, const CheckpointFormat&) = default;
};

inline constexpr CheckpointFormat CheckpointFormat::kTorchZip = {"torch.save"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchLegacy = {"torch.save before PyTorch 1.6"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchTar = {"torch.save before PyTorch 0.1.10"};
inline constexpr CheckpointFormat CheckpointFormat::kTorchScript = {"torch.jit.save"};
inline constexpr CheckpointFormat CheckpointFormat::kSafetensors = {"safetensors"};

struct NamedTensor {
  // The path to the tensor: keys, indices and attributes joined by '.'; empty where the file is one tensor.
  std::string name;
  // Two names of one tensor object share one record. Two tensors that share memory share one `storage` record.
  MetaTensorDescPtr desc;
};

// An object of a class that the reader does not know, or a class or function that is a value itself: named, never
// built.
struct OpaqueObject {
  std::string name;  // The path, as for tensors. What is inside of it is listed under longer paths.
  std::string type;  // The full name in the file, "package.module.Class".
};

struct Checkpoint {
  CheckpointFormat format;
  // In the file's order. Ids are dense in this order of first sight, of nested records (parts, bases) too.
  std::vector<NamedTensor> tensors;
  std::vector<OpaqueObject> opaque;  // In the file's order.
  // Where the bytes of each storage lie, by MetaStorageDesc::id. Empty unless asked for.
  std::vector<StorageLocation> storages;
};

struct ReadOptions {
  // Where the tensors shall be said to live; absent: where the file says.
  std::optional<c10::Device> map_location = {};

  // Whether to find out where the bytes of the storages lie. In zip archives it takes a small read for each of them. A
  // CheckpointFile always does it.
  bool locate_storages = false;

  // Whether the records of sparse COO tensors name those of their indices and values, which are needed to load them.
  // The reference's do not, so ids are then other ones.
  bool sparse_parts = false;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_TYPES_H_
