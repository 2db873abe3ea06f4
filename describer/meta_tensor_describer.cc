#include "describer/meta_tensor_describer.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "describer/disable_inference_mode.h"
#include "describer/tensor_kind.h"
#include "describer/torch_view_func.h"
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

// The id in `entry`, which is given one from `next` if it was just made, and then a weak reference from `weak`. Runs
// under the entry's lock, so ids are dense.
template <typename Entry, typename MakeWeak>
std::int64_t IdOf(Entry& entry, std::atomic<std::int64_t>& next, const MakeWeak& weak) {
  if (!entry.object.has_value()) {
    entry.object.emplace(weak());
    entry.id = next.fetch_add(1, std::memory_order_relaxed);
  }
  return entry.id;
}

CreationMeta CreationMetaOf(const at::Tensor& view) {
  return static_cast<CreationMeta>(torch::autograd::impl::get_view_autograd_meta(view)->get_creation_meta());
}

}  // namespace

MetaTensorDescriber::MetaTensorDescriber(Options options) : id_(NextDescriberId()), options_(std::move(options)) {}

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
    if (status.ok()) DescribeInto(tensor, options, desc);
    return status;
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
  if (!kind.is_supported) {
    return absl::UnimplementedError(absl::StrCat("tensors of kind '", kind.name, "' are not supported"));
  }
  if (tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr) return absl::OkStatus();
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) {
    if (absl::Status status = CheckSupported(grad, depth + 1); !status.ok()) return status;
  }
  return tensor.is_view() ? CheckSupported(at::Tensor(tensor._base()), depth + 1) : absl::OkStatus();
}

MetaTensorDescPtr MetaTensorDescriber::Describe(const at::Tensor& tensor, const DescribeOptions& options) {
  auto desc = std::make_shared<MetaTensorDesc>();
  DescribeInto(tensor, options, *desc);
  return desc;
}

// The reference's order of ids: the storage, the tensor itself, its gradient, its base.
void MetaTensorDescriber::DescribeInto(const at::Tensor& tensor, const DescribeOptions& options, MetaTensorDesc& desc) {
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  desc.storage = DescribeStorage(tensor.storage(), options);
  desc.is_parameter = options.is_parameter;
  desc.id = Identify(tensor, desc.is_parameter);
  desc.ndim = tensor.dim();
  desc.dtype = tensor.scalar_type();
  desc.device = tensor.device();
  desc.size = c10::SymDimVector(impl.sym_sizes());
  desc.stride = c10::SymDimVector(impl.sym_strides());
  desc.storage_offset = impl.sym_storage_offset();
  desc.layout = tensor.layout();
  desc.is_inference = tensor.is_inference() && !DisableInferenceModeForFakeProp::IsActive();
  desc.is_conj = tensor.is_conj();
  desc.is_neg = tensor.is_neg();
  // What autograd does not know, as most tensors, is a leaf and nothing more.
  desc.is_leaf = true;
  if (impl.autograd_meta() != nullptr) DescribeAutograd(tensor, options, desc);
  if (options_.copy_data) desc.data = tensor.getIntrusivePtr();

  if (options.trace) {
    bool first = false;
    tensors_.Visit(tensor.unsafeGetTensorImpl(),
                   [&](TensorEntry& entry) { first = !std::exchange(entry.traced, true); });
    if (first) Trace("describe_tensor", AsJson(desc, id_));
  }
}

void MetaTensorDescriber::DescribeAutograd(const at::Tensor& tensor, const DescribeOptions& options,
                                           MetaTensorDesc& desc) {
  const DescribeOptions nested = {.trace = options.trace};
  desc.is_leaf = SafeIsLeaf(tensor);
  desc.requires_grad = tensor.requires_grad();
  if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) desc.grad = Describe(grad, nested);
  if (!tensor.is_view()) return;
  desc.is_view = true;
  desc.creation_meta = CreationMetaOf(tensor);
  desc.view_func = TorchViewFunc(tensor);
  if (options.recurse) desc.base = DescribeBase(at::Tensor(tensor._base()), nested);
}

// Each view of a base describes it anew, since it may have changed. Where it has not, the views share one record.
MetaTensorDescPtr MetaTensorDescriber::DescribeBase(const at::Tensor& base, const DescribeOptions& options) {
  MetaTensorDescPtr desc = Describe(base, options);
  MetaTensorDescPtr shared;
  tensors_.Visit(base.unsafeGetTensorImpl(), [&](TensorEntry& entry) { shared = entry.shared.lock(); });
  if (shared != nullptr && *shared == *desc) return shared;
  tensors_.Visit(base.unsafeGetTensorImpl(), [&](TensorEntry& entry) { entry.shared = desc; });
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
  bool is_parameter = false;
  return Identify(tensor, is_parameter);
}

// `is_parameter`: what is said now; becomes what has ever been said.
MetaTensorId MetaTensorDescriber::Identify(const at::Tensor& tensor, bool& is_parameter) {
  MetaTensorId id = 0;
  tensors_.Visit(tensor.unsafeGetTensorImpl(), [&](TensorEntry& entry) {
    id =
        IdOf(entry, next_tensor_id_, [&] { return c10::weak_intrusive_ptr<at::TensorImpl>(tensor.getIntrusivePtr()); });
    is_parameter = entry.is_parameter |= is_parameter;
  });
  return id;
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
    if (entry.object.has_value()) id = entry.id;
  });
  return id;
}

void MetaTensorDescriber::Trace(std::string_view name, const nlohmann::ordered_json& payload) const {
  if (options_.trace_sink) options_.trace_sink(name, payload);
}

}  // namespace metaconv
