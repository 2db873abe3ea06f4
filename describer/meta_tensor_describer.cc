#include "describer/meta_tensor_describer.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "describer/disable_inference_mode.h"
#include "kinds/data_slot.h"
#include "kinds/description.h"
#include "kinds/kind.h"
#include "kinds/torch_view_func.h"
#include "meta/as_json.h"
#include "meta/equal.h"
#include "meta/safe_autograd.h"
#include "meta/same_value.h"
#include "meta/torch_status.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

using AutogradCreationMeta = torch::autograd::CreationMeta;
static_assert(static_cast<int>(CreationMeta::kDefault) == static_cast<int>(AutogradCreationMeta::DEFAULT));
static_assert(static_cast<int>(CreationMeta::kInferenceMode) == static_cast<int>(AutogradCreationMeta::INFERENCE_MODE));

DescriberId NextDescriberId() {
  static std::atomic<DescriberId> next = 0;
  // Only uniqueness is asked for; nothing else is published by it.
  return next.fetch_add(1, std::memory_order_relaxed);
}

// The id in `entry`, which is given one from `next` if it has none, and a weak reference from `weak` if it was just made.
// Runs under the entry's lock, so ids are dense.
template <typename Entry, typename MakeWeak>
std::int64_t IdOf(Entry& entry, std::atomic<std::int64_t>& next, const MakeWeak& weak) {
  if (!entry.object.has_value()) entry.object.emplace(weak());
  if (entry.id == Entry::kNoId) entry.id = next.fetch_add(1, std::memory_order_relaxed);
  return entry.id;
}

CreationMeta CreationMetaOf(const at::Tensor& view) {
  return static_cast<CreationMeta>(torch::autograd::impl::get_view_autograd_meta(view)->get_creation_meta());
}

// Native fake tensors have a mode of their own kind, which a record cannot carry on.
class NativeFakeMode final : public OpaqueValue {
 public:
  std::string Repr() const override { return "FakeTensorMode(native)"; }
};

std::shared_ptr<const OpaqueValue> FakeModeOf(const at::TensorImpl& impl) {
  static const auto& mode = *new std::shared_ptr<const OpaqueValue>(std::make_shared<const NativeFakeMode>());
  return impl.is_fake() ? mode : nullptr;
}

}  // namespace

MetaTensorDescriber::MetaTensorDescriber(Options options) : id_(NextDescriberId()), options_(std::move(options)) {}

// One tensor's description, for the code of its kind.
class MetaTensorDescriber::Session final : public Description {
 public:
  Session(MetaTensorDescriber& describer, const DescribeOptions& options) : describer_(describer), options_(options) {}

  bool recurse() const override { return options_.recurse; }
  bool keeps_data() const override { return describer_.options_.copy_data; }

  void Identify(const at::Tensor& tensor, MetaTensorDesc& desc) override {
    const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    describer_.Identify(tensor, options_.facts, desc);
    desc.ndim = tensor.dim();
    desc.dtype = tensor.scalar_type();
    desc.device = tensor.device();
    desc.layout = tensor.layout();
    desc.is_nested = tensor.is_nested();
    if (!desc.is_nested) desc.size = c10::SymDimVector(impl.sym_sizes());  // As a whole it has none.
    desc.is_inference = tensor.is_inference() && !DisableInferenceModeForFakeProp::IsActive();
    desc.is_conj = tensor.is_conj();
    desc.is_neg = tensor.is_neg();
    desc.fake_mode = FakeModeOf(impl);
  }

  // Storages without data stand for the one with the data that they carry, which others may have too.
  MetaStorageDescPtr DescribeStorage(const c10::Storage& storage) override {
    const DataSlot* slot = keeps_data() ? DataSlot::Of(storage) : nullptr;
    const c10::Storage data = slot == nullptr ? c10::Storage() : slot->storage();
    return describer_.DescribeStorage(data ? data : storage, options_);
  }

  absl::StatusOr<MetaTensorDescPtr> Describe(const at::Tensor& part) override {
    return describer_.Describe(part, {.trace = options_.trace});
  }

  absl::StatusOr<MetaTensorDescPtr> DescribeFlat(const at::Tensor& part) override {
    return describer_.Describe(part, {.trace = options_.trace, .recurse = false});
  }

 private:
  MetaTensorDescriber& describer_;
  const DescribeOptions& options_;
};

absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribeTensor(const at::Tensor& tensor,
                                                                      const DescribeOptions& options) {
  return CatchTorch("describing a tensor", [&]() -> absl::StatusOr<MetaTensorDescPtr> {
    if (absl::Status status = CheckSupported(tensor, 0); !status.ok()) return status;
    return Describe(tensor, options);
  });
}

absl::Status MetaTensorDescriber::DescribeTensorInto(const at::Tensor& tensor, const DescribeOptions& options,
                                                     MetaTensorDesc& desc) {
  return CatchTorch("describing a tensor", [&] {
    absl::Status status = CheckSupported(tensor, 0);
    return status.ok() ? DescribeInto(tensor, options, desc) : status;
  });
}

// Before any id is given: what cannot be described in the end must leave no trace.
absl::Status MetaTensorDescriber::CheckSupported(const at::Tensor& tensor, int depth) const {
  if (!tensor.defined()) return absl::InvalidArgumentError("expected a tensor, found an undefined one");
  if (depth > kMaxDepth) {
    return absl::InvalidArgumentError(absl::StrCat("expected gradients and bases nested at most ", kMaxDepth,
                                                   " deep, found more: does a gradient lead back to its tensor?"));
  }
  const TensorKind& kind = KindOf(tensor);
  if (!kind.is_supported() || (kind.only_nested && depth == 0)) {
    return absl::UnimplementedError(absl::StrCat("tensors of kind '", kind.name, "' are not supported"));
  }
  if (kind.inner != nullptr) {
    if (absl::Status status = CheckInner(kind, tensor, depth); !status.ok()) return status;
  }
  if (tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr) return absl::OkStatus();
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) {
    if (absl::Status status = CheckSupported(grad, depth + 1); !status.ok()) return status;
  }
  return tensor.is_view() ? CheckSupported(at::Tensor(tensor._base()), depth + 1) : absl::OkStatus();
}

absl::Status MetaTensorDescriber::CheckInner(const TensorKind& kind, const at::Tensor& tensor, int depth) const {
  const absl::StatusOr<std::vector<at::Tensor>> inner = kind.inner(tensor);
  if (!inner.ok()) return inner.status();
  for (const at::Tensor& part : *inner) {
    if (absl::Status status = CheckSupported(part, depth + 1); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::Describe(const at::Tensor& tensor,
                                                                const DescribeOptions& options) {
  auto desc = std::make_shared<MetaTensorDesc>();
  if (absl::Status status = DescribeInto(tensor, options, *desc); !status.ok()) return status;
  return desc;
}

// The reference's order of ids: what the kind describes, the tensor itself among it, then its gradient and its base.
absl::Status MetaTensorDescriber::DescribeInto(const at::Tensor& tensor, const DescribeOptions& options,
                                               MetaTensorDesc& desc) {
  Session session(*this, options);
  if (absl::Status status = KindOf(tensor).describe(session, tensor, desc); !status.ok()) return status;
  // What autograd does not know, as most tensors, is a leaf and nothing more.
  desc.is_leaf = true;
  if (tensor.unsafeGetTensorImpl()->autograd_meta() != nullptr) {
    if (absl::Status status = DescribeAutograd(tensor, options, desc); !status.ok()) return status;
  }
  if (options_.copy_data) desc.data = tensor.getIntrusivePtr();

  if (options.trace) {
    bool first = false;
    tensors_.Visit(tensor.unsafeGetTensorImpl(),
                   [&](TensorEntry& entry) { first = !std::exchange(entry.traced, true); });
    if (first) Trace("describe_tensor", AsJson(desc, id_));
  }
  return absl::OkStatus();
}

absl::Status MetaTensorDescriber::DescribeAutograd(const at::Tensor& tensor, const DescribeOptions& options,
                                                   MetaTensorDesc& desc) {
  const DescribeOptions nested = {.trace = options.trace};
  const auto describe = [&](const at::Tensor& part) { return Describe(part, nested); };
  desc.is_leaf = SafeIsLeaf(tensor);
  desc.requires_grad = tensor.requires_grad();
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) {
    absl::StatusOr<MetaTensorDescPtr> described = describe(grad);
    if (!described.ok()) return described.status();
    desc.grad = *std::move(described);
  }
  if (!tensor.is_view()) return absl::OkStatus();
  desc.is_view = true;
  desc.creation_meta = CreationMetaOf(tensor);
  if (options.recurse) {
    absl::StatusOr<MetaTensorDescPtr> base = DescribeBase(at::Tensor(tensor._base()), nested);
    if (!base.ok()) return base.status();
    desc.base = *std::move(base);
  }
  absl::StatusOr<std::shared_ptr<const ViewFunc>> view_func = TorchViewFunc(tensor, describe);
  if (!view_func.ok()) return view_func.status();
  desc.view_func = *std::move(view_func);
  return absl::OkStatus();
}

// Each view of a base describes it anew, since it may have changed. Where it has not, the views share one record.
absl::StatusOr<MetaTensorDescPtr> MetaTensorDescriber::DescribeBase(const at::Tensor& base,
                                                                    const DescribeOptions& options) {
  absl::StatusOr<MetaTensorDescPtr> desc = Describe(base, options);
  if (!desc.ok()) return desc;
  MetaTensorDescPtr shared;
  tensors_.Visit(base.unsafeGetTensorImpl(), [&](TensorEntry& entry) { shared = entry.shared.lock(); });
  if (shared != nullptr && *shared == **desc) return shared;
  tensors_.Visit(base.unsafeGetTensorImpl(), [&](TensorEntry& entry) { entry.shared = *desc; });
  return desc;
}

MetaStorageDescPtr MetaTensorDescriber::DescribeStorage(const c10::Storage& storage, const DescribeOptions& options) {
  MetaStorageDescPtr desc;
  bool first = false;
  storages_.Visit(storage.unsafeGetStorageImpl(), [&](StorageEntry& entry) {
    MetaStorageDesc now = {.id = IdOf(entry, next_storage_id_, [&] { return storage.getWeakStorageImpl(); }),
                           .size = storage.sym_nbytes(),
                           .data = options_.copy_data ? storage : c10::Storage()};
    desc = entry.shared.lock();
    if (desc == nullptr || !(*desc == now)) {
      desc = std::make_shared<const MetaStorageDesc>(std::move(now));
      entry.shared = desc;
    }
    first = options.trace && !std::exchange(entry.traced, true);
  });
  if (first) Trace("describe_storage", AsJson(*desc, id_));
  return desc;
}

MetaTensorId MetaTensorDescriber::GetTensorId(const at::Tensor& tensor) {
  MetaTensorId id = 0;
  tensors_.Visit(tensor.unsafeGetTensorImpl(), [&](TensorEntry& entry) { id = TakeId(entry, tensor); });
  return id;
}

MetaTensorId MetaTensorDescriber::TakeId(TensorEntry& entry, const at::Tensor& tensor) {
  return IdOf(entry, next_tensor_id_,
              [&] { return c10::weak_intrusive_ptr<at::TensorImpl>(tensor.getIntrusivePtr()); });
}

void MetaTensorDescriber::SetFacts(const at::Tensor& tensor, const TensorFacts& facts) {
  tensors_.Visit(tensor.unsafeGetTensorImpl(), [&](TensorEntry& entry) {
    if (!entry.object.has_value()) entry.object.emplace(tensor.getIntrusivePtr());
    entry.AddFacts(facts);
  });
}

void MetaTensorDescriber::Identify(const at::Tensor& tensor, const TensorFacts& facts, MetaTensorDesc& desc) {
  tensors_.Visit(tensor.unsafeGetTensorImpl(), [&](TensorEntry& entry) {
    desc.id = TakeId(entry, tensor);
    if (!facts.empty()) entry.AddFacts(facts);
    if (entry.facts != nullptr) entry.facts->Write(desc);
  });
}

MetaStorageId MetaTensorDescriber::GetStorageId(const c10::Storage& storage) {
  MetaStorageId id = 0;
  storages_.Visit(storage.unsafeGetStorageImpl(), [&](StorageEntry& entry) {
    id = IdOf(entry, next_storage_id_, [&] { return storage.getWeakStorageImpl(); });
  });
  return id;
}

std::optional<MetaTensorId> MetaTensorDescriber::FindTensorId(const at::Tensor& tensor) {
  std::optional<MetaTensorId> id;
  tensors_.VisitIfPresent(tensor.unsafeGetTensorImpl(), [&](TensorEntry& entry) {
    if (entry.id != TensorEntry::kNoId) id = entry.id;
  });
  return id;
}

void MetaTensorDescriber::Trace(std::string_view name, const nlohmann::ordered_json& payload) const {
  if (options_.trace_sink) options_.trace_sink(name, payload);
}

}  // namespace metaconv
