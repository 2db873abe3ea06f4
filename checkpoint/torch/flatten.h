// Flattener: walks what was unpickled, and finds the tensors and the unknown objects by name.
//
// Names are paths, joined by '.':
//   dict            keys, as Python's str() has them
//   list, tuple     indices
//   nn.Module       its parameters, buffers and submodules, in this order, then its other attributes
//   tensors         attributes that Python code set on a tensor are not looked at
//   other objects   what the pickle gives them, in this order: constructor arguments as "args.N", list items as
//   indices,
//                   dict items as keys, attributes by name, a state of another form as "state"
// A name that is taken gets "#2", "#3", …: nothing is lost. An object met again is listed again, under its other name
// and with the same record. What contains itself is cut where it does.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows values and storages; what it found is independent of them.

#ifndef METACONV_CHECKPOINT_TORCH_FLATTEN_H_
#define METACONV_CHECKPOINT_TORCH_FLATTEN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/torch/pickle_children.h"
#include "checkpoint/torch/rebuild.h"
#include "checkpoint/torch/storage_table.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Flattener {
 public:
  // Records get their ids from `records`, and tensors and objects are added to `checkpoint`.
  Flattener(StorageTable& storages, const std::optional<c10::Device>& map_location, RecordMaker& records,
            Checkpoint& checkpoint, const Limits& limits = kLimits);

  // Walks a value that is called `name`.
  // Errors: kDataLoss if a tensor makes no sense, kInvalidArgument if the pickle asks to run a command,
  // kResourceExhausted past the limits. Messages begin with the offset.
  absl::Status Walk(std::string_view name, const PickleValue& value);

 private:
  static constexpr std::size_t kNoCut = static_cast<std::size_t>(-1);

  // A container on the way down.
  struct Frame {
    const void* container = nullptr;
    std::vector<PickleChild> children;
    std::size_t next = 0;
    std::size_t path_length = 0;  // Of the container's own path.
    std::size_t found_before = 0;
    // The outermost frame that something in here refers back to, where the walk was cut; kNoCut if none.
    std::size_t outermost_cut = kNoCut;
  };

  // Follows calls that stand for their first argument: type tags, and parameters around something opaque.
  PickleValue Resolve(PickleValue value);
  absl::Status Enter(const PickleValue& value);
  absl::Status EnterObject(const PickleObject& object);
  absl::Status EnterTensor(const PickleObject& object);
  // `children` makes the PickleChildren, and is called only where they are needed.
  template <class MakeChildren>
  absl::Status EnterContainer(const void* container, const MakeChildren& children);
  // Notes that the walk does not go into `container` here if it is on the way down already.
  bool CutAt(const void* container);
  void Leave();
  absl::Status Append(const PickleChild& child);

  // `spec` is needed the first time that the tensor is met.
  absl::Status AddTensor(const void* identity, const TensorSpec& spec);
  absl::Status AddOpaque(std::string type);
  // The path, or the path with a number if it is taken.
  absl::StatusOr<std::string> NewName(absl::flat_hash_map<std::string, std::size_t>& taken);
  std::size_t found() const { return checkpoint_.tensors.size() + checkpoint_.opaque.size(); }

  const StorageTable& storages_;
  RecordMaker& records_;
  Checkpoint& checkpoint_;
  const Limits& limits_;
  TensorRebuilder rebuilder_;

  std::string path_;
  std::vector<Frame> frames_;
  absl::flat_hash_map<const void*, std::size_t> open_;  // The containers of frames_, with their index.
  // Containers in which nothing was found. Not walked again, so a graph of empty lists takes linear time.
  absl::flat_hash_set<const void*> barren_;
  absl::flat_hash_map<const void*, MetaTensorDescPtr> described_;
  // Names given, and how many times each was asked for.
  absl::flat_hash_map<std::string, std::size_t> tensor_names_;
  absl::flat_hash_map<std::string, std::size_t> opaque_names_;
  std::size_t name_bytes_ = 0;
  std::size_t steps_ = 0;  // See Limits::walk_steps.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_FLATTEN_H_
