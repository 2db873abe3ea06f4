// KnownIds: the ids of many objects, taken from the describer's tables at once, before the tensors are described.
//
// Looking up a block of objects at once takes less time than one look-up after another: neighbours share a lock, ids
// are taken together, and memory is prefetched. This requires that the objects that a description will identify, and
// their order, are known before. They are for simple tensors, which most are:
//   - a plain dense tensor: its storage, then itself;
//   - one with a gradient that is a plain dense tensor without autograd state: then the gradient likewise;
//   - a view, given by its strides, of such a tensor: then the base likewise.
// A tensor that is not simple ends the block and is described by itself. Ids are therefore always those of one
// description after another.
//
// Example: the converter's batch. `todo` are the tensors without a result.
//   std::vector<MetaTensorId> ids(tensors.size());
//   describer.FindTensorIds(tensors, absl::MakeSpan(ids));    // To look up results. Assigns no ids.
//   …
//   KnownIds known;
//   while (!todo.empty()) {
//     known.Clear();
//     std::size_t count = 0;
//     while (count < todo.size() && known.Add(*todo[count])) ++count;
//     describer.Identify(known);
//     for (std::size_t i = 0; i < count; ++i) describer.DescribeTensorInto(*todo[i], options, record, &known);
//     todo.remove_prefix(count);
//     if (count < KnownIds::kMostTensors && !todo.empty()) {     // Not simple.
//       describer.DescribeTensorInto(*todo[0], options, record);
//       todo.remove_prefix(1);
//     }
//   }
//
// Tensors may be left out between Identify and their description, for example because a result turned up: the
// descriptions that follow still find their ids. An id that was assigned stays assigned.
//
// Thread safety: for one thread. Other threads may use the describer meanwhile.
// Lifetime: holds no references. From Add to its description, a tensor must be kept alive and not be modified.

#ifndef METACONV_DESCRIBER_KNOWN_IDS_H_
#define METACONV_DESCRIBER_KNOWN_IDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "describer/identity.h"

namespace metaconv {

class KnownIds {
 public:
  // A block of this size, with the objects of its tensors, fits into the processor's fastest cache.
  static constexpr std::size_t kMostTensors = 64;

  // Adds the objects that describing `tensor` will identify. Returns false, and adds nothing, if `tensor` is not simple,
  // is undefined or there are kMostTensors tensors already. A tensor that was added can be described.
  bool Add(const at::Tensor& tensor);

  // Adds tensors from the front of `tensors` while they are simple, and returns their number. Prefetches the memory of
  // those that follow.
  std::size_t AddLeading(absl::Span<const at::Tensor> tensors);

  // Forgets all objects.
  void Clear();

  bool empty() const { return tensor_count_ == 0; }

  // The rest is for MetaTensorDescriber.

  // Of the describer's facts, when the objects were identified. Facts that are set later are not in the identities.
  std::int64_t facts_version() const { return facts_version_; }
  void set_facts_version(std::int64_t version) { facts_version_ = version; }

  // All objects, in the order in which they are identified. Tensors and storages have separate ids.
  absl::Span<IdentifiedObject<at::TensorImpl>> tensors() { return absl::MakeSpan(tensors_); }
  absl::Span<IdentifiedObject<c10::StorageImpl>> storages() { return absl::MakeSpan(storages_); }

  // The identity of `tensor`, if it is one of the objects that follow the last one taken. Nullopt if it is not, or was
  // not identified.
  std::optional<Identity> TakeTensor(const at::Tensor& tensor) {
    return Take(tensor.unsafeGetTensorImpl(), tensors_, next_tensor_);
  }
  std::optional<Identity> TakeStorage(const c10::Storage& storage) {
    return Take(storage.unsafeGetStorageImpl(), storages_, next_storage_);
  }

 private:
  template <typename Object>
  static std::optional<Identity> Take(const Object* object, const std::vector<IdentifiedObject<Object>>& objects,
                                      std::size_t& next) {
    for (std::size_t i = next; i < objects.size(); ++i) {
      if (objects[i].object != object) continue;
      if (!objects[i].identity.has_id()) return std::nullopt;
      next = i + 1;
      return objects[i].identity;
    }
    return std::nullopt;
  }

  void AddObjects(const at::Tensor& tensor);

  std::int64_t facts_version_ = 0;
  std::size_t tensor_count_ = 0;  // The number of calls of Add that returned true.
  std::vector<IdentifiedObject<at::TensorImpl>> tensors_;
  std::vector<IdentifiedObject<c10::StorageImpl>> storages_;
  std::size_t next_tensor_ = 0;
  std::size_t next_storage_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_KNOWN_IDS_H_
