#include "describer/meta_tensor_describer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "c10/core/UndefinedTensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "describer/check_supported.h"
#include "describer/disable_inference_mode.h"
#include "describer/view_base.h"
#include "kinds/data_slot.h"
#include "kinds/description.h"
#include "kinds/kind.h"
#include "kinds/torch_view_func.h"
#include "meta/as_json.h"
#include "meta/equal.h"
#include "meta/safe_autograd.h"
#include "meta/same_value.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

using AutogradCreationMeta = torch::autograd::CreationMeta;
static_assert(static_cast<int>(CreationMeta::kDefault) == static_cast<int>(AutogradCreationMeta::DEFAULT));
static_assert(static_cast<int>(CreationMeta::kInferenceMode) == static_cast<int>(AutogradCreationMeta::INFERENCE_MODE));

DescriberId NextDescriberId() {
  static std::atomic<DescriberId> next = 0;
  // Relaxed: the ids only need to be unique, and publish no other data.
  return next.fetch_add(1, std::memory_order_relaxed);
}

CreationMeta CreationMetaOf(const at::Tensor& view) {
  return static_cast<CreationMeta>(torch::autograd::impl::get_view_autograd_meta(view)->get_creation_meta());
}

// Calls visit(object, id) for each live object in `table`, in the order of the ids, with no lock held. Between the
// visits, only addresses are kept; the id tells whether an address has been reused for another object.
template <typename Object, typename Extra, typename Visitor>
void ForEachAlive(IdentityTable<Object, Extra>& table, Visitor&& visit) {
  std::vector<std::pair<std::int64_t, Object*>> alive;
  table.VisitAlive([&](Object* address, std::int64_t id) { alive.emplace_back(id, address); });
  std::sort(alive.begin(), alive.end());
  for (const auto& [id, address] : alive) {
    if (c10::intrusive_ptr<Object> object = table.Lock(address, id)) visit(std::move(object), id);
  }
}

bool LeadsToOthers(const MetaTensorDesc& desc) {
  return desc.base != nullptr || desc.grad() != nullptr || desc.functorch().unwrapped != nullptr ||
         desc.wrapper().attrs.has_value();
}

// The fake mode of LibTorch's native fake tensors, which is valid in one process only; a record has its name.
class NativeFakeMode final : public OpaqueValue {
 public:
  std::string Repr() const override { return "FakeTensorMode(native)"; }
};

const std::shared_ptr<const OpaqueValue>& NativeMode() {
  static const auto& mode = *new std::shared_ptr<const OpaqueValue>(std::make_shared<const NativeFakeMode>());
  return mode;
}

}  // namespace

MetaTensorDescriber::MetaTensorDescriber(Options options) : id_(NextDescriberId()), options_(std::move(options)) {}

// Note [Described once per call]
// The reference describes a tensor each time that it is reached through a gradient, a base or a wrapper. If these share
// tensors at every level, it does so an exponential number of times. A tensor does not change while it is described, so
// we describe a tensor with parts of its own once per call and use its record again. For other tensors, a look-up takes
// as long as a description.
//
// The ids are those of the reference, because a tensor that is described again gets no new id, with one exception. The
// indices and values of a sparse compressed tensor are new tensors each time they are requested, and get new ids. A
// compressed tensor without gradient and base is described each time, as in the reference. But below a tensor whose
// record is used again, the reference assigns new ids to the indices and values, and here they keep theirs.

// The state of one call of DescribeTensor.
struct MetaTensorDescriber::Parts {
  // The records of tensors with parts of their own that were made so far. Keyed by id, because an address may have been
  // reused for another tensor.
  absl::flat_hash_map<MetaTensorId, MetaTensorDescPtr> records = {};
  KnownIds* known = nullptr;
};

// The description of one tensor. Implements the interface that the code of each kind uses.
class MetaTensorDescriber::Session final : public Description {
 public:
  // `is_new`: whether to describe a new tensor, for which the tensor that is passed stands.
  Session(MetaTensorDescriber& describer, const DescribeOptions& options, Parts& parts, bool is_new = false)
      : describer_(describer), options_(options), parts_(parts), is_new_(is_new) {}

  bool recurse() const override { return options_.recurse; }
  bool keeps_data() const override { return describer_.options_.copy_data; }

  void Identify(const at::Tensor& tensor, MetaTensorDesc& desc) override {
    const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    desc.id = is_new_ ? describer_.tensors_.TakeId() : TakeId(tensor, desc);
    desc.dtype = tensor.scalar_type();
    desc.device = impl.device();
    desc.layout = impl.layout();
    desc.is_nested = impl.is_nested();
    if (desc.is_nested) {  // A nested tensor has no sizes.
      desc.edit_nested().ndim = impl.dim();
    } else {
      const c10::SymIntArrayRef size = impl.sym_sizes();
      desc.size.assign(size.begin(), size.end());
    }
    desc.is_inference = tensor.is_inference() && !DisableInferenceModeForFakeProp::IsActive();
    desc.is_conj = tensor.is_conj();
    desc.is_neg = tensor.is_neg();
    if (impl.is_fake()) desc.extras.Edit().fake_mode = NativeMode();
  }

  // A storage without data that has a DataSlot is described as the storage in that slot, which other records may share.
  MetaStorageDesc DescribeStorage(const c10::Storage& storage) override {
    const DataSlot* slot = keeps_data() ? DataSlot::Of(storage) : nullptr;
    const c10::Storage data = slot == nullptr ? c10::Storage() : slot->storage();
    const c10::Storage& described = data ? data : storage;
    MetaStorageDesc record = describer_.StorageRecord(TakeId(described), described);
    if (options_.trace) describer_.TraceOnce(record);
    return record;
  }

  absl::StatusOr<MetaTensorDescPtr> Describe(const at::Tensor& part) override {
    return describer_.DescribePart(part, {.trace = options_.trace}, parts_);
  }

  absl::StatusOr<MetaTensorDescPtr> DescribeFlat(const at::Tensor& part) override {
    return describer_.DescribePart(part, {.trace = options_.trace, .recurse = false}, parts_);
  }

  absl::StatusOr<MetaTensorDescPtr> DescribeNew(const at::Tensor& like,
                                                absl::FunctionRef<void(MetaTensorDesc&)> complete) override {
    auto desc = std::make_shared<MetaTensorDesc>();
    Session session(describer_, options_, parts_, /*is_new=*/true);
    if (absl::Status status = KindOf(like).describe(session, like, *desc); !status.ok()) return status;
    desc->is_leaf = true;
    complete(*desc);
    if (options_.trace) describer_.TraceOnce(*desc);
    return desc;
  }

 private:
  MetaStorageId TakeId(const c10::Storage& storage) {
    if (parts_.known != nullptr) {
      if (const std::optional<Identity> known = parts_.known->TakeStorage(storage)) return known->id;
    }
    return describer_.GetStorageId(storage);
  }

  // Writes the facts of `tensor` to `desc`, if there are any.
  MetaTensorId TakeId(const at::Tensor& tensor, MetaTensorDesc& desc) {
    if (!options_.facts.empty()) describer_.SetFacts(tensor, options_.facts);
    if (parts_.known != nullptr) {
      const std::optional<Identity> known = parts_.known->TakeTensor(tensor);
      if (known.has_value() && !known->has_extra &&
          parts_.known->facts_version() == describer_.facts_version_.load(std::memory_order_acquire)) {
        return known->id;
      }
    }
    const auto write = [&](const TensorExtra& extra) {
      if (extra.facts != nullptr) extra.facts->Write(desc);
    };
    return describer_.tensors_.GetOrAssign(*tensor.unsafeGetTensorImpl(), write).id;
  }

  MetaTensorDescriber& describer_;
  const DescribeOptions& options_;
  Parts& parts_;
  const bool is_new_;
};

absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribeTensor(const at::Tensor& tensor,
                                                                      const DescribeOptions& options) {
  return CatchTorch("describing a tensor", [&]() -> absl::StatusOr<MetaTensorDescPtr> {
    if (absl::Status status = CheckSupported(tensor, kMaxDepth); !status.ok()) return status;
    return DescribeSupported(tensor, options, /*known=*/nullptr);
  });
}

absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribeSupported(const at::Tensor& tensor,
                                                                         const DescribeOptions& options,
                                                                         KnownIds* known) {
  Parts parts = {.known = known};
  auto desc = std::make_shared<MetaTensorDesc>();
  if (absl::Status status = DescribeInto(tensor, options, parts, nullptr, *desc); !status.ok()) return status;
  return desc;
}

void MetaTensorDescriber::DescribeInBlocks(absl::Span<const at::Tensor> tensors, const DescribeOptions& options,
                                           absl::FunctionRef<bool(absl::StatusOr<MetaTensorDescPtr>)> use) {
  KnownIds known;
  while (!tensors.empty()) {
    known.Clear();
    // Without recursion, bases are not identified. With facts, each tensor has an extra. A trace sink may use the
    // describer, so no id may be assigned ahead.
    const bool is_simple = options.recurse && !options.trace && options.facts.empty();
    const std::size_t count = is_simple ? known.AddLeading(tensors) : 0;
    Identify(known);
    for (const at::Tensor& tensor : tensors.first(count)) {
      if (!use(CatchTorch("describing a tensor", [&] { return DescribeSupported(tensor, options, &known); }))) return;
    }
    tensors.remove_prefix(count);
    if (count == KnownIds::kMostTensors || tensors.empty()) continue;
    if (!use(DescribeTensor(tensors[0], options))) return;
    tensors.remove_prefix(1);
  }
}

void MetaTensorDescriber::Identify(KnownIds& known) {
  if (options_.copy_data) return known.Clear();  // The storage that is described may be another than the tensor's.
  known.set_facts_version(facts_version_.load(std::memory_order_acquire));
  storages_.GetOrAssign(known.storages());
  tensors_.GetOrAssign(known.tensors());
}

absl::Status MetaTensorDescriber::CheckDescribable(const at::Tensor& tensor) const {
  return CatchTorch("describing a tensor", [&] { return CheckSupported(tensor, kMaxDepth); });
}

std::vector<absl::StatusOr<MetaTensorDescPtr>> MetaTensorDescriber::DescribeTensors(
    absl::Span<const at::Tensor> tensors, const DescribeOptions& options) {
  std::vector<absl::StatusOr<MetaTensorDescPtr>> records;
  records.reserve(tensors.size());
  DescribeInBlocks(tensors, options, [&](absl::StatusOr<MetaTensorDescPtr> record) {
    records.push_back(std::move(record));
    return true;
  });
  return records;
}

absl::StatusOr<std::vector<MetaTensorDescPtr>> MetaTensorDescriber::DescribeAllTensors(
    absl::Span<const at::Tensor> tensors, const DescribeOptions& options) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const absl::Status status = CheckDescribable(tensors[i]);
    if (!status.ok()) return WithContext(absl::StrCat("tensor ", i), status);
  }
  std::vector<MetaTensorDescPtr> records;
  records.reserve(tensors.size());
  absl::Status failure;
  DescribeInBlocks(tensors, options, [&](absl::StatusOr<MetaTensorDescPtr> record) {
    if (!record.ok()) {
      failure = WithContext(absl::StrCat("tensor ", records.size()), record.status());
      return false;
    }
    records.push_back(*std::move(record));
    return true;
  });
  if (!failure.ok()) return failure;
  return records;
}

absl::Status MetaTensorDescriber::DescribeTensorInto(const at::Tensor& tensor, const DescribeOptions& options,
                                                     MomentaryRecord& record, KnownIds* known) {
  return CatchTorch("describing a tensor", [&] {
    if (known == nullptr) {  // Otherwise, the tensor was checked when it was added.
      if (absl::Status status = CheckSupported(tensor, kMaxDepth); !status.ok()) return status;
    }
    Parts parts = {.known = known};
    return DescribeInto(tensor, options, parts, &record, record.desc);
  });
}

absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribePart(const at::Tensor& part,
                                                                    const DescribeOptions& options, Parts& parts) {
  if (options.recurse && !parts.records.empty()) {
    if (const std::optional<MetaTensorId> id = FindTensorId(part)) {
      if (const auto found = parts.records.find(*id); found != parts.records.end()) return found->second;
    }
  }
  auto desc = std::make_shared<MetaTensorDesc>();
  if (absl::Status status = DescribeInto(part, options, parts, nullptr, *desc); !status.ok()) return status;
  if (options.recurse && LeadsToOthers(*desc)) parts.records.try_emplace(desc->id, desc);
  return desc;
}

// Assigns ids in the reference's order: the parts that the kind describes and the tensor itself, then the gradient,
// then the base.
absl::Status MetaTensorDescriber::DescribeInto(const at::Tensor& tensor, const DescribeOptions& options, Parts& parts,
                                               MomentaryRecord* momentary, MetaTensorDesc& desc) {
  Session session(*this, options, parts);
  if (absl::Status status = KindOf(tensor).describe(session, tensor, desc); !status.ok()) return status;
  // A tensor without autograd metadata, which is the common case, is a leaf without gradient and base.
  desc.is_leaf = true;
  if (tensor.unsafeGetTensorImpl()->autograd_meta() != nullptr) {
    if (absl::Status status = DescribeAutograd(tensor, options, parts, momentary, desc); !status.ok()) return status;
  }
  if (options_.copy_data) desc.extras.Edit().data = tensor.getIntrusivePtr();

  if (options.trace) TraceOnce(desc);
  return absl::OkStatus();
}

absl::Status MetaTensorDescriber::DescribeAutograd(const at::Tensor& tensor, const DescribeOptions& options,
                                                   Parts& parts, MomentaryRecord* momentary, MetaTensorDesc& desc) {
  const DescribeOptions nested = {.trace = options.trace};
  const auto describe = [&](const at::Tensor& part) { return DescribePart(part, nested, parts); };
  desc.is_leaf = true;
  if (tensor.requires_grad()) {
    // SafeIsLeaf must come first: it may regenerate the grad_fn of a view, after which the view may no longer require
    // grad.
    desc.is_leaf = SafeIsLeaf(tensor);
    desc.requires_grad = tensor.requires_grad();
  }
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) {
    absl::StatusOr<MetaTensorDescPtr> described = describe(grad);
    if (!described.ok()) return described.status();
    desc.extras.Edit().grad = *std::move(described);
  }
  if (!tensor.is_view()) return absl::OkStatus();
  desc.is_view = true;
  desc.creation_meta = CreationMetaOf(tensor);
  if (options.recurse) {
    absl::StatusOr<MetaTensorDescPtr> base = DescribeBase(BaseOf(tensor), nested, parts, momentary);
    if (!base.ok()) return base.status();
    desc.base = *std::move(base);
  }
  absl::StatusOr<std::shared_ptr<const ViewFunc>> view_func = TorchViewFunc(tensor, describe);
  if (!view_func.ok()) return view_func.status();
  if (*view_func != nullptr) desc.extras.Edit().view_func = *std::move(view_func);
  return absl::OkStatus();
}

// Describes the base again for each view, because it may have changed. If it has not, the views share one record.
absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribeBase(const at::Tensor& base,
                                                                    const DescribeOptions& options, Parts& parts,
                                                                    MomentaryRecord* momentary) {
  if (momentary != nullptr) {
    MetaTensorDesc& desc = momentary->base.emplace();
    if (absl::Status status = DescribeInto(base, options, parts, nullptr, desc); !status.ok()) return status;
    return MetaTensorDescPtr(std::shared_ptr<void>(), &desc);  // Owned by the caller.
  }
  absl::StatusOr<MetaTensorDescPtr> desc = DescribePart(base, options, parts);
  if (!desc.ok()) return desc;
  MetaTensorDescPtr shared;
  tensors_.WithExtra(*base.unsafeGetTensorImpl(), [&](TensorExtra& extra) { shared = extra.shared.lock(); });
  if (shared != nullptr && *shared == **desc) {
    if (const auto found = parts.records.find(shared->id); found != parts.records.end()) found->second = shared;
    return shared;
  }
  // The swap moves the old reference here, so that it is destroyed without the lock: destroying the last reference
  // frees the memory of a record.
  std::weak_ptr<const MetaTensorDesc> reference = *desc;
  tensors_.WithExtra(*base.unsafeGetTensorImpl(), [&](TensorExtra& extra) { extra.shared.swap(reference); });
  return desc;
}

MetaStorageDesc MetaTensorDescriber::StorageRecord(MetaStorageId id, const c10::Storage& storage) const {
  return {.id = id, .size = storage.sym_nbytes(), .data = options_.copy_data ? storage : c10::Storage()};
}

MetaStorageDesc MetaTensorDescriber::DescribeStorage(const c10::Storage& storage, const DescribeOptions& options) {
  MetaStorageDesc desc = StorageRecord(GetStorageId(storage), storage);
  if (options.trace) TraceOnce(desc);
  return desc;
}

void MetaTensorDescriber::TraceOnce(const MetaTensorDesc& desc) {
  if (traced_tensors_.IsFirst(desc.id)) Trace("describe_tensor", AsJson(desc, id_));
}

void MetaTensorDescriber::TraceOnce(const MetaStorageDesc& desc) {
  if (traced_storages_.IsFirst(desc.id)) Trace("describe_storage", AsJson(desc, id_));
}

void MetaTensorDescriber::SetFacts(const at::Tensor& tensor, const TensorFacts& facts) {
  tensors_.WithExtra(*tensor.unsafeGetTensorImpl(), [&](TensorExtra& extra) {
    if (extra.facts == nullptr) extra.facts = std::make_unique<TensorFacts>();
    extra.facts->Update(facts);
  });
  facts_version_.fetch_add(1, std::memory_order_release);
}

MetaTensorId MetaTensorDescriber::GetTensorId(const at::Tensor& tensor) {
  return tensors_.GetOrAssign(*tensor.unsafeGetTensorImpl()).id;
}

MetaStorageId MetaTensorDescriber::GetStorageId(const c10::Storage& storage) {
  return storages_.GetOrAssign(*storage.unsafeGetStorageImpl()).id;
}

std::optional<MetaTensorId> MetaTensorDescriber::FindTensorId(const at::Tensor& tensor) {
  const Identity found = tensors_.Find(*tensor.unsafeGetTensorImpl());
  return found.has_id() ? std::optional(found.id) : std::nullopt;
}

std::optional<MetaStorageId> MetaTensorDescriber::FindStorageId(const c10::Storage& storage) {
  const Identity found = storages_.Find(*storage.unsafeGetStorageImpl());
  return found.has_id() ? std::optional(found.id) : std::nullopt;
}

void MetaTensorDescriber::FindTensorIds(absl::Span<const at::Tensor> tensors, absl::Span<MetaTensorId> ids) {
  std::array<IdentifiedObject<at::TensorImpl>, 64> block;
  for (std::size_t begin = 0; begin < tensors.size(); begin += block.size()) {
    const std::size_t count = std::min(tensors.size() - begin, block.size());
    for (std::size_t i = 0; i < count; ++i) block[i].object = tensors[begin + i].unsafeGetTensorImpl();
    tensors_.Find(absl::MakeSpan(block).first(count));
    for (std::size_t i = 0; i < count; ++i) ids[begin + i] = block[i].identity.id;
  }
}

void MetaTensorDescriber::Sweep() {
  tensors_.Sweep();
  storages_.Sweep();
}

void MetaTensorDescriber::ForEachTensor(absl::FunctionRef<void(const at::Tensor& tensor, MetaTensorId id)> visit) {
  using Strong = c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>;
  ForEachAlive(tensors_, [&](c10::intrusive_ptr<at::TensorImpl> tensor, MetaTensorId id) {
    visit(at::Tensor(Strong(std::move(tensor))), id);
  });
}

void MetaTensorDescriber::ForEachStorage(absl::FunctionRef<void(const c10::Storage& storage, MetaStorageId id)> visit) {
  ForEachAlive(storages_, [&](c10::intrusive_ptr<c10::StorageImpl> storage, MetaStorageId id) {
    visit(c10::Storage(std::move(storage)), id);
  });
}

void MetaTensorDescriber::Trace(std::string_view name, const nlohmann::ordered_json& payload) const {
  if (options_.trace_sink) options_.trace_sink(name, payload);
}

}  // namespace metaconv
