// MetaTensorDescriber: tensors and storages to records.
//
// A describer knows again what it has seen: the same tensor has the same id each time, tensors on one storage name the
// same storage id, and views name the record of their base. Ids are dense from 0 in order of first sight.
//
// Example:
//   MetaTensorDescriber describer;
//   absl::StatusOr<MetaTensorDescPtr> weight =
//       describer.DescribeTensor(model.weight, {.facts = {.is_parameter = true}});
//   if (!weight.ok()) return weight.status();
//   std::cout << AsJson(**weight, describer.id()) << '\n';
//
// The kinds of tensors that are described are listed in kinds/kinds.cc. Any other is kUnimplemented, named in the
// message, and takes no id. Wrapper types of your own: see kinds/wrapper_type.h.
//
// Thread safety: Thread-safe. Any number of threads may describe with one describer, the same tensors included. A
// tensor must not be changed while it is described.
// Lifetime: keeps no tensor and no storage alive, nor their data: identity is held through weak references, so an id is
// never given to a new object at an old address. But what one of functorch's or functionalization's wrappers wraps lives
// until the wrapper's entry is swept: those types do not let go of it before they are destroyed. Records outlive the
// describer.
// Source: `MetaTensorDescriber` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_
#define METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "describer/sharded_weak_map.h"
#include "describer/tensor_facts.h"
#include "describer/trace_sink.h"
#include "describer/weak_reference.h"
#include "kinds/kind.h"
#include "meta/meta_tensor_desc.h"
#include "meta/mutex.h"

namespace metaconv {

struct DescribeOptions {
  // Write trace records for what this describer has not traced before.
  bool trace = false;
  // What the caller knows of the tensor. The describer remembers it: the record says so again where the tensor is a
  // base, or is described without this.
  TensorFacts facts = {};
  // Describe the base of a view, and the indices and values of a sparse compressed tensor, too.
  bool recurse = true;
};

// A record with the storage that it names, and the base, in place. `desc`, and copies of it, must not outlive this.
struct MomentaryRecord {
  MomentaryRecord() = default;
  MomentaryRecord(const MomentaryRecord&) = delete;
  MomentaryRecord& operator=(const MomentaryRecord&) = delete;

  MetaStorageDesc storage;
  MetaTensorDesc desc;

  struct Base {
    MetaStorageDesc storage;
    MetaTensorDesc desc;
  };
  std::optional<Base> base;
};

class MetaTensorDescriber {
 public:
  struct Options {
    // Records keep the tensor and its storage, so that their bytes can be copied later; these then stay alive. Those of
    // sparse COO tensors also name their indices and values, which take ids then.
    bool copy_data = false;
    TraceSink trace_sink = {};
  };

  // Gradients of gradients, and the like, are described to this depth.
  static constexpr int kMaxDepth = 256;

  MetaTensorDescriber() : MetaTensorDescriber(Options()) {}
  explicit MetaTensorDescriber(Options options);

  MetaTensorDescriber(const MetaTensorDescriber&) = delete;
  MetaTensorDescriber& operator=(const MetaTensorDescriber&) = delete;

  // Unique in this process.
  DescriberId id() const { return id_; }

  // The record of `tensor` as it is now.
  // Errors: kInvalidArgument for an undefined tensor or one nested deeper than kMaxDepth; kUnimplemented for a kind
  // that is not described, its own or that of its gradient or base. No id is taken then.
  absl::StatusOr<MetaTensorDescPtr> DescribeTensor(const at::Tensor& tensor, const DescribeOptions& options = {});

  // The same for those who want the record for a moment only, and so no allocation. `record` must be fresh; on an error
  // it is left in an unspecified state.
  absl::Status DescribeTensorInto(const at::Tensor& tensor, const DescribeOptions& options, MomentaryRecord& record);

  // The record of `storage` as it is now. `storage` must not be null.
  MetaStorageDescPtr DescribeStorage(const c10::Storage& storage, const DescribeOptions& options = {});

  // Remembers what the caller knows of `tensor`, for whenever it is described: as a base or a gradient, for one. Takes no
  // id. `tensor` must be defined.
  void SetFacts(const at::Tensor& tensor, const TensorFacts& facts);

  // The id of `tensor`, a new one if it was not seen before. `tensor` must be defined.
  MetaTensorId GetTensorId(const at::Tensor& tensor);
  // The id of `storage`, a new one if it was not seen before. `storage` must not be null.
  MetaStorageId GetStorageId(const c10::Storage& storage);
  // The id of `tensor` if it has one. `tensor` must be defined.
  std::optional<MetaTensorId> FindTensorId(const at::Tensor& tensor);
  // The id of `storage` if it has one. `storage` must not be null.
  std::optional<MetaStorageId> FindStorageId(const c10::Storage& storage);

  // How many tensors / storages have an id and are alive: `len(lookup_tensor)` and `len(lookup_storage)` of the reference.
  std::size_t TensorCount() const { return tensors_.CountAlive(); }
  std::size_t StorageCount() const { return storages_.CountAlive(); }
  // Call `visit` for each of these, in the order of the ids: `lookup_tensor.items()` and `lookup_storage.items()`. No lock
  // is held, so `visit` may use this describer. A tensor that comes or goes meanwhile is visited or not. One that is
  // visited stays alive during that.
  void ForEachTensor(absl::FunctionRef<void(const at::Tensor& tensor, MetaTensorId id)> visit);
  void ForEachStorage(absl::FunctionRef<void(const c10::Storage& storage, MetaStorageId id)> visit);

  // Passes a trace record to the sink, if there is one.
  void Trace(std::string_view name, const nlohmann::ordered_json& payload) const;

  // Forgets the tensors and storages that are gone, and gives back the memory that was used for them. This happens by
  // itself as the tables grow; call it when a large model was dropped and few tensors will follow.
  void Sweep();

  // How often the tables were asked, in all.
  std::int64_t table_lookups() const { return tensors_.lookups() + storages_.lookups(); }

  // How many tensors / storages the tables hold, dead ones that were not swept yet included.
  std::size_t tensor_table_size() const { return tensors_.size(); }
  std::size_t storage_table_size() const { return storages_.size(); }

 private:
  static constexpr std::int64_t kNoId = -1;

  // What is known of one object. Its address is the key, and cannot be given to another object while this holds it.
  template <typename Impl>
  struct Entry {
    WeakReference<Impl> object;
    std::int64_t id = kNoId;

    bool IsAlive() const { return id != kNoId && object.IsAlive(); }
    bool IsDead() const { return object.IsDead(); }
    void Prefetch() const { object.Prefetch(); }
  };

  // What few tensors have.
  struct TensorExtras {
    TensorFacts facts = {};                      // What the caller has said so far.
    std::weak_ptr<const MetaTensorDesc> shared;  // The record made last, for bases, which views share.
  };

  struct TensorEntry : Entry<at::TensorImpl> {
    std::unique_ptr<TensorExtras> extras;

    TensorExtras& Extras() {
      if (extras == nullptr) extras = std::make_unique<TensorExtras>();
      return *extras;
    }
  };

  using StorageEntry = Entry<c10::StorageImpl>;

  // Which ids were written to the trace.
  class Traced {
   public:
    bool IsFirst(std::int64_t id) ABSL_LOCKS_EXCLUDED(mutex_) {
      const MutexLock lock(mutex_);
      return ids_.insert(id).second;
    }

   private:
    Mutex mutex_;
    absl::flat_hash_set<std::int64_t> ids_ ABSL_GUARDED_BY(mutex_);
  };

  // On a line of their own, and together: threads that describe fetch it from each other once for each tensor.
  struct alignas(64) Counters {
    std::atomic<MetaTensorId> tensors = 0;
    std::atomic<MetaStorageId> storages = 0;
  };

  class Session;
  struct Parts;

  // `storage`: where to put the record of the storage; null to allocate one. `momentary`: where to put that of the base.
  absl::Status DescribeInto(const at::Tensor& tensor, const DescribeOptions& options, Parts& parts,
                            MetaStorageDesc* storage, MomentaryRecord* momentary, MetaTensorDesc& desc);
  absl::Status DescribeAutograd(const at::Tensor& tensor, const DescribeOptions& options, Parts& parts,
                                MomentaryRecord* momentary, MetaTensorDesc& desc);
  // The record of a tensor that another leads to. `options` must not have facts.
  absl::StatusOr<MetaTensorDescPtr> DescribePart(const at::Tensor& part, const DescribeOptions& options, Parts& parts);
  absl::StatusOr<MetaTensorDescPtr> DescribeBase(const at::Tensor& base, const DescribeOptions& options, Parts& parts,
                                                 MomentaryRecord* momentary);
  MetaTensorId TakeId(TensorEntry& entry, const at::Tensor& tensor);
  MetaStorageId TakeId(StorageEntry& entry, const c10::Storage& storage);
  void TraceOnce(const MetaStorageDesc& desc);
  // Takes the id and the facts of `tensor`.
  void Identify(const at::Tensor& tensor, const TensorFacts& facts, MetaTensorDesc& desc);

  const DescriberId id_;
  const Options options_;
  Counters next_id_;
  Traced traced_tensors_;
  Traced traced_storages_;
  ShardedWeakMap<at::TensorImpl*, TensorEntry> tensors_;
  ShardedWeakMap<c10::StorageImpl*, StorageEntry> storages_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_
