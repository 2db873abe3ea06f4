// MetaTensorDescriber: creates records of tensors and storages.
//
// To read the records of a checkpoint file without loading its tensors, use checkpoint/checkpoint.h instead. To convert
// a tensor, use converter/meta_converter.h, which has a describer of its own.
//
// A describer identifies the objects that it has described: a tensor has the same id each time, the records of tensors
// that share a storage have the same storage id, and the records of views have the record of their base. Ids count from
// 0 in the order in which the describer first meets the objects.
//
// Example:
//   MetaTensorDescriber describer;
//   absl::StatusOr<MetaTensorDescPtr> weight =
//       describer.DescribeTensor(model.weight, {.facts = {.is_parameter = true}});
//   if (!weight.ok()) return weight.status();
//   std::cout << AsJson(**weight, describer.id()) << '\n';
//
// kinds/kinds.cc lists the kinds of tensors that can be described. For any other kind the describer returns
// kUnimplemented with the name of the kind and assigns no id. For your own wrapper types see kinds/wrapper_type.h.
//
// Thread safety: Thread-safe. Any number of threads may describe with one describer, including the same tensors. A
// tensor must not be modified while it is described.
// Lifetime: keeps neither tensors nor storages nor their data alive. The describer holds weak references, so the id of
// a destroyed object is never given to a new object at the same address. Exception: the tensor inside of a functorch or
// functionalization wrapper lives until the wrapper's entry is swept, because these types release it in their
// destructor only. Records are independent of the describer.
// Source: `MetaTensorDescriber` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_
#define METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "describer/identity_table.h"
#include "describer/known_ids.h"
#include "describer/tensor_facts.h"
#include "describer/trace_sink.h"
#include "kinds/kind.h"
#include "meta/meta_tensor_desc.h"
#include "meta/mutex.h"

namespace metaconv {

struct DescribeOptions {
  // Write a trace record for each object that this describer has not traced before.
  bool trace = false;
  // Facts that the caller knows about the tensor. The describer stores them, so later records of the tensor have them
  // too, for example when it is described as a base.
  TensorFacts facts = {};
  // Also describe the base of a view, and the parts of a sparse tensor.
  bool recurse = true;
};

// A record and the record of its base in one object, so that describing allocates nothing for them.
// `desc` and copies of it must not outlive this object.
struct MomentaryRecord {
  MomentaryRecord() = default;
  MomentaryRecord(const MomentaryRecord&) = delete;
  MomentaryRecord& operator=(const MomentaryRecord&) = delete;

  MetaTensorDesc desc;
  std::optional<MetaTensorDesc> base;
};

class MetaTensorDescriber {
 public:
  struct Options {
    // Records hold the tensor and its storage, so that the bytes can be copied later; this keeps both alive. Records of
    // sparse COO tensors then also have records of indices and values, which get ids.
    bool copy_data = false;
    TraceSink trace_sink = {};
  };

  // The greatest depth of nested gradients and bases (a gradient of a gradient, and so on) that is described.
  static constexpr int kMaxDepth = 256;

  MetaTensorDescriber() : MetaTensorDescriber(Options()) {}
  explicit MetaTensorDescriber(Options options);

  MetaTensorDescriber(const MetaTensorDescriber&) = delete;
  MetaTensorDescriber& operator=(const MetaTensorDescriber&) = delete;

  // Unique in this process.
  DescriberId id() const { return id_; }

  // Creates a record of the current state of `tensor`.
  // Errors: kInvalidArgument for an undefined tensor or one nested deeper than kMaxDepth; kUnimplemented if the kind of
  // the tensor, its gradient or its base is not supported. No id is assigned then.
  absl::StatusOr<MetaTensorDescPtr> DescribeTensor(const at::Tensor& tensor, const DescribeOptions& options = {});

  // Whether `tensor` can be described: returns the error of DescribeTensor if it cannot. Assigns no id.
  absl::Status CheckDescribable(const at::Tensor& tensor) const;

  // Creates a record of each tensor, in order, as one call of DescribeTensor after another would, in less time. A tensor
  // that cannot be described has the error of DescribeTensor in its place. `options.facts` apply to each tensor; use
  // SetFacts for facts that differ.
  std::vector<absl::StatusOr<MetaTensorDescPtr>> DescribeTensors(absl::Span<const at::Tensor> tensors,
                                                                 const DescribeOptions& options = {});

  // As DescribeTensors, all or none: if a tensor cannot be described, returns its error and assigns no id.
  absl::StatusOr<std::vector<MetaTensorDescPtr>> DescribeAllTensors(absl::Span<const at::Tensor> tensors,
                                                                    const DescribeOptions& options = {});

  // As DescribeTensor, without allocating the record. For callers that need the record only temporarily. `record` must
  // be new; after an error its state is unspecified. If `known` is not null, `tensor` was added to it, and
  // `options.recurse` is true.
  absl::Status DescribeTensorInto(const at::Tensor& tensor, const DescribeOptions& options, MomentaryRecord& record,
                                  KnownIds* known = nullptr);

  // Takes the ids of all objects in `known` from the tables, in their order; assigns ids to those that have none. Then
  // the tensors can be described with `known`.
  void Identify(KnownIds& known);

  // Creates a record of the current state of `storage`. `storage` must not be null.
  MetaStorageDesc DescribeStorage(const c10::Storage& storage, const DescribeOptions& options = {});

  // Stores facts about `tensor` for all later records of it, for example as a base or a gradient. Assigns no id.
  // `tensor` must be defined.
  void SetFacts(const at::Tensor& tensor, const TensorFacts& facts);

  // The id of `tensor`; assigns an id if it has none. `tensor` must be defined.
  MetaTensorId GetTensorId(const at::Tensor& tensor);
  // The id of `storage`; assigns an id if it has none. `storage` must not be null.
  MetaStorageId GetStorageId(const c10::Storage& storage);
  // The id of `tensor`, nullopt if it has none. `tensor` must be defined.
  std::optional<MetaTensorId> FindTensorId(const at::Tensor& tensor);
  // The id of `storage`, nullopt if it has none. `storage` must not be null.
  std::optional<MetaStorageId> FindStorageId(const c10::Storage& storage);

  // FindTensorId for each of `tensors`, in less time: sets `ids[i]` to the id of `tensors[i]`, or Identity::kNoId if it
  // has none or is undefined. The spans must have the same size.
  void FindTensorIds(absl::Span<const at::Tensor> tensors, absl::Span<MetaTensorId> ids);

  // The number of live tensors / storages that have an id: `len(lookup_tensor)` and `len(lookup_storage)` of the
  // reference.
  std::size_t TensorCount() const { return tensors_.CountAlive(); }
  std::size_t StorageCount() const { return storages_.CountAlive(); }
  // Call `visit` for each live tensor / storage that has an id, in the order of the ids: `lookup_tensor.items()` and
  // `lookup_storage.items()` of the reference. No lock is held, so `visit` may use this describer. An object that gets
  // its id or is destroyed during the call may or may not be visited. An object stays alive while it is visited.
  void ForEachTensor(absl::FunctionRef<void(const at::Tensor& tensor, MetaTensorId id)> visit);
  void ForEachStorage(absl::FunctionRef<void(const c10::Storage& storage, MetaStorageId id)> visit);

  // Passes a trace record to the trace sink, if there is one.
  void Trace(std::string_view name, const nlohmann::ordered_json& payload) const;

  // Removes the entries of destroyed tensors and storages, and frees their memory. The tables also do this as they
  // grow; call Sweep after a large model was destroyed if few tensors will follow.
  void Sweep();

  // The total number of table look-ups.
  std::int64_t table_lookups() const { return tensors_.lookups() + storages_.lookups(); }

  // The number of entries in the tables, including entries of destroyed objects that were not swept yet.
  std::size_t tensor_table_size() const { return tensors_.size(); }
  std::size_t storage_table_size() const { return storages_.size(); }

 private:
  // State that few tensors have.
  struct TensorExtra {
    std::unique_ptr<TensorFacts> facts;          // All facts that the caller has set. Null if there are none.
    std::weak_ptr<const MetaTensorDesc> shared;  // The latest record of a base, shared by its views.
  };

  // The ids for which a trace record was written.
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

  class Session;
  struct Parts;

  // `momentary`: where to put the record of the base. If null, it is allocated.
  absl::Status DescribeInto(const at::Tensor& tensor, const DescribeOptions& options, Parts& parts,
                            MomentaryRecord* momentary, MetaTensorDesc& desc);
  absl::Status DescribeAutograd(const at::Tensor& tensor, const DescribeOptions& options, Parts& parts,
                                MomentaryRecord* momentary, MetaTensorDesc& desc);
  // The record of a gradient, base or inner tensor. `options` must not have facts.
  absl::StatusOr<MetaTensorDescPtr> DescribePart(const at::Tensor& part, const DescribeOptions& options, Parts& parts);
  absl::StatusOr<MetaTensorDescPtr> DescribeBase(const at::Tensor& base, const DescribeOptions& options, Parts& parts,
                                                 MomentaryRecord* momentary);
  // Describes a tensor that was checked to be supported.
  absl::StatusOr<MetaTensorDescPtr> DescribeSupported(const at::Tensor& tensor, const DescribeOptions& options,
                                                      KnownIds* known);
  // Describes `tensors` in order, and calls use(record) for each, until `use` returns false.
  void DescribeInBlocks(absl::Span<const at::Tensor> tensors, const DescribeOptions& options,
                        absl::FunctionRef<bool(absl::StatusOr<MetaTensorDescPtr> record)> use);
  MetaStorageDesc StorageRecord(MetaStorageId id, const c10::Storage& storage) const;
  void TraceOnce(const MetaTensorDesc& desc);
  void TraceOnce(const MetaStorageDesc& desc);

  const DescriberId id_;
  const Options options_;
  Traced traced_tensors_;
  Traced traced_storages_;
  // Tensors and storages are often neighbours in memory, but one table for both would not be faster: the entries of
  // neighbours are neighbours in each table, and their ids are counted apart.
  IdentityTable<at::TensorImpl, TensorExtra> tensors_;
  IdentityTable<c10::StorageImpl> storages_;
  std::atomic<std::int64_t> facts_version_ = 0;  // Incremented after facts were set.
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_META_TENSOR_DESCRIBER_H_
