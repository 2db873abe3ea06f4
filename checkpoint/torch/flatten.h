// Flattener: traverses an unpickled value, and lists the tensors and the unknown objects in it by name.
//
// Names are paths, joined by '.':
//   dict            keys, converted by Python's str()
//   list, tuple     indices
//   nn.Module       its parameters, buffers and submodules, in this order, then its other attributes
//   tensors         attributes that Python code has set on a tensor are ignored
//   other objects   their parts in the pickle, in this order: constructor arguments as "args.N", list items by index,
//                   dict items by key, attributes by name, a state of another form as "state"
// If a name is already in use, "#2", "#3", … is appended, so that nothing is lost. An object that is found again is
// listed again, under its other name and with the same record. An object inside itself is not entered a second time.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the values and the storages. The result is independent of them.

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
  // Records are made by `records`; tensors and objects are added to `checkpoint`.
  Flattener(StorageTable& storages, const std::optional<c10::Device>& map_location, RecordMaker& records,
            Checkpoint& checkpoint, const Limits& limits = kLimits);

  // Lists the tensors and objects in `value`, whose own name is `name`.
  // Errors: kDataLoss if the description of a tensor is inconsistent, kResourceExhausted if the limits are exceeded.
  // Messages begin with the offset.
  absl::Status Walk(std::string_view name, const PickleValue& value);

 private:
  static constexpr std::size_t kNoCut = static_cast<std::size_t>(-1);

  // A container on the path from the root to the current value.
  struct Frame {
    const void* container = nullptr;
    std::vector<PickleChild> children;
    std::size_t next = 0;
    std::size_t path_length = 0;  // The length of the path of the container.
    std::size_t found_before = 0;
    // The outermost frame whose container was found again inside this one, and not entered; kNoCut if there is none.
    std::size_t outermost_cut = kNoCut;
  };

  // Replaces calls that are equivalent to their first argument by it: type tags, and parameters of unknown tensors.
  PickleValue Resolve(PickleValue value);
  absl::Status Enter(const PickleValue& value);
  absl::Status EnterObject(const PickleObject& object);
  absl::Status EnterTensor(const PickleObject& object);
  // `children` makes the PickleChildren. It is called only if the container is entered.
  template <class MakeChildren>
  absl::Status EnterContainer(const void* container, const MakeChildren& children);
  // Whether `container` is on the path already. If so, records that it is not entered again.
  bool CutAt(const void* container);
  void Leave();
  absl::Status Append(const PickleChild& child);

  // `spec` is used only the first time that the tensor is found.
  absl::Status AddTensor(const void* identity, const TensorSpec& spec);
  absl::Status AddOpaque(std::string type);
  // The current path, with a number if it is already in use.
  absl::StatusOr<std::string> NewName(absl::flat_hash_map<std::string, std::size_t>& taken);
  std::size_t found() const { return checkpoint_.tensors.size() + checkpoint_.opaque.size(); }

  const StorageTable& storages_;
  RecordMaker& records_;
  Checkpoint& checkpoint_;
  const Limits& limits_;
  TensorRebuilder rebuilder_;

  std::string path_;
  std::vector<Frame> frames_;
  absl::flat_hash_map<const void*, std::size_t> open_;  // The containers of frames_, and their index there.
  // Containers without tensors and objects. They are not entered again, so that a graph of empty lists takes linear
  // time.
  absl::flat_hash_set<const void*> barren_;
  absl::flat_hash_map<const void*, MetaTensorDescPtr> described_;
  // The names in use, and how often each was requested.
  absl::flat_hash_map<std::string, std::size_t> tensor_names_;
  absl::flat_hash_map<std::string, std::size_t> opaque_names_;
  std::size_t name_bytes_ = 0;
  std::size_t steps_ = 0;  // See Limits::walk_steps.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_FLATTEN_H_
