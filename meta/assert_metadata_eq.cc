#include "meta/assert_metadata_eq.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "meta/field_json.h"
#include "meta/safe_autograd.h"
#include "meta/same_value.h"
#include "meta/sparse_dims.h"
#include "meta/sparse_layout.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

// The path of field names from the compared tensor to one of its parts. It is a linked list on the stack, so that it
// costs no allocation unless a difference is reported.
struct Path {
  const Path* parent;
  const char* name;

  std::string ToString() const { return parent == nullptr ? "" : absl::StrCat(parent->ToString(), name, "."); }
};

class Comparison {
 public:
  explicit Comparison(const AssertMetadataEqOptions& options) : options_(options) {}

  const std::string& differences() const { return differences_; }

  void Go(const Path& path, const MetaTensorDesc& desc, const at::Tensor& tensor) {
    const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    // Nested records can be shared: without this set, the number of visits would grow exponentially with the depth. The
    // first two levels have too few records for that to matter, so they are not entered into the set.
    if (path.parent != nullptr && path.parent->parent != nullptr && !seen_.insert({&desc, &impl}).second) return;
    // Most tensors have no autograd metadata. Autograd's functions cost more than all other checks, so they are skipped
    // then.
    const bool has_autograd = impl.autograd_meta() != nullptr;
    Expect(path, "dtype", desc.dtype, tensor.scalar_type());
    // A nested tensor has no sizes, and neither has its record.
    const bool has_size = !options_.skip_symbolic && !tensor.is_nested();
    if (has_size) ExpectInts(path, "size", desc.size, impl.sym_sizes());
    Expect(path, "requires_grad", desc.requires_grad, has_autograd && tensor.requires_grad());
    if (!options_.skip_leaf) Expect(path, "is_leaf", desc.is_leaf, !has_autograd || SafeIsLeaf(tensor));
    Expect(path, "is_sparse", desc.is_sparse, tensor.is_sparse());
    Expect(path, "is_nested", desc.is_nested, tensor.is_nested());
    Expect(path, "is_inference", desc.is_inference, !options_.inference_mode_hidden && tensor.is_inference());
    Expect(path, "is_conj", desc.is_conj, tensor.is_conj());
    Expect(path, "is_neg", desc.is_neg, tensor.is_neg());
    const at::Tensor& grad = SafeGrad(tensor);
    if (ExpectBoth(path, "grad", desc.grad() != nullptr, grad.defined())) Go({&path, "grad"}, *desc.grad(), grad);
    if (desc.functorch().unwrapped != nullptr && !desc.stride.has_value()) {
      Expect(path, "layout", desc.layout, tensor.layout());  // The wrapped tensor is not compared here.
    } else if (IsSparseAny(desc.layout)) {
      Sparse(path, desc, tensor);
    } else {
      Strided(path, desc, tensor);
    }
    View(path, desc, tensor, has_autograd && tensor.is_view());
  }

 private:
  void Sparse(const Path& path, const MetaTensorDesc& desc, const at::Tensor& tensor) {
    Expect(path, "layout", desc.layout, tensor.layout());
    if (desc.layout != tensor.layout()) return;
    const SparseDims dims = SparseDimsOf(tensor);
    Expect(path, "dense_dim", desc.sparse().dense_dim, std::optional<std::int64_t>(dims.dense));
    Expect(path, "sparse_dim", desc.sparse().sparse_dim, std::optional<std::int64_t>(dims.sparse));
    if (desc.is_sparse)
      Expect(path, "is_coalesced", desc.sparse().is_coalesced, std::optional<bool>(dims.is_coalesced));
  }

  void Strided(const Path& path, const MetaTensorDesc& desc, const at::Tensor& tensor) {
    if (!options_.skip_symbolic && desc.stride.has_value()) {
      if (IsSparseAny(tensor.layout())) {
        Expect(path, "layout", desc.layout, tensor.layout());
        return;
      }
      ExpectInts(path, "stride", *desc.stride, tensor.sym_strides());
      // A record has no storage offset for functorch wrappers.
      if (!desc.functorch().is_functorch_wrapped) {
        Expect(path, "storage_offset", desc.storage_offset, tensor.sym_storage_offset());
      }
    }
  }

  void View(const Path& path, const MetaTensorDesc& desc, const at::Tensor& tensor, bool is_view) {
    Expect(path, "is_view", desc.is_view, is_view);
    if (!desc.is_view || !is_view) return;
    if (ExpectBoth(path, "base", desc.base != nullptr, true)) {
      Go({&path, "base"}, *desc.base, at::Tensor(tensor._base()));
    }
  }

  // Whether both sides have the tensor named `field`, so that the caller can compare them. Reports a difference
  // otherwise.
  bool ExpectBoth(const Path& path, const char* field, bool expected, bool found) {
    if (expected != found) Differ(path, field, expected ? "a tensor" : "none", found ? "a tensor" : "none");
    return expected && found;
  }

  void ExpectInts(const Path& path, const char* field, c10::SymIntArrayRef expected, c10::SymIntArrayRef found) {
    if (!SameValue(expected, found)) Differ(path, field, FieldJson(expected), FieldJson(found));
  }

  template <typename T>
  void Expect(const Path& path, const char* field, const T& expected, const T& found) {
    if (!SameValue(expected, found)) Differ(path, field, FieldJson(expected), FieldJson(found));
  }

  void Differ(const Path& path, const char* field, const Json& expected, const Json& found) {
    const auto text = [](const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
    absl::StrAppend(&differences_, differences_.empty() ? "" : "; ", path.ToString(), field, ": expected ",
                    text(expected), ", found ", text(found));
  }

  const AssertMetadataEqOptions& options_;
  std::string differences_;
  absl::flat_hash_set<std::pair<const MetaTensorDesc*, const at::TensorImpl*>> seen_;
};

bool SamePlainInts(const SymSizes& expected, c10::IntArrayRef found) {
  return std::equal(
      expected.begin(), expected.end(), found.begin(), found.end(),
      [](const c10::SymInt& a, std::int64_t b) { return !a.is_heap_allocated() && a.as_int_unchecked() == b; });
}

bool IsPlain(const at::TensorBase& tensor) {
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  return !impl.has_symbolic_sizes_strides() && impl.layout() == c10::kStrided && !impl.is_nested() &&
         (impl.autograd_meta() == nullptr || !(tensor.requires_grad() || impl.grad().defined()));
}

// Whether the record describes a strided tensor without a gradient, which is the common case, and `tensor` matches it.
// Does not compare view information.
bool IsPlainAndSame(const MetaTensorDesc& desc, const at::TensorBase& tensor) {
  const bool is_special = desc.requires_grad | desc.is_sparse | desc.is_nested | desc.functorch().is_functorch_wrapped;
  if (is_special || !desc.is_leaf || desc.grad() != nullptr || !desc.stride.has_value() || !IsPlain(tensor))
    return false;
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  return desc.layout == c10::kStrided && desc.dtype == tensor.scalar_type() && desc.is_conj == tensor.is_conj() &&
         desc.is_neg == tensor.is_neg() && desc.is_inference == tensor.is_inference() &&
         SamePlainInts(desc.size, impl.sizes()) && SamePlainInts(*desc.stride, impl.strides()) &&
         !desc.storage_offset.is_heap_allocated() && desc.storage_offset.as_int_unchecked() == impl.storage_offset();
}

// As IsPlainAndSame, for a tensor and its base if it is a view. If this returns true, the field-by-field comparison can
// be skipped.
bool AreAllPlainAndSame(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  if (!IsPlainAndSame(desc, tensor)) return false;
  const bool is_view = tensor.unsafeGetTensorImpl()->autograd_meta() != nullptr && tensor.is_view();
  if (desc.is_view != is_view) return false;
  return !is_view || (desc.base != nullptr && !desc.base->is_view && IsPlainAndSame(*desc.base, tensor._base()));
}

}  // namespace

absl::Status AssertMetadataEq(const MetaTensorDesc& desc, const at::Tensor& tensor,
                              const AssertMetadataEqOptions& options) {
  if (!tensor.defined()) return absl::InternalError("expected a tensor, found an undefined one");
  return CatchTorch("comparing a tensor with its record", [&]() -> absl::Status {
    if (!options.inference_mode_hidden && AreAllPlainAndSame(desc, tensor)) return absl::OkStatus();
    Comparison comparison(options);
    comparison.Go({nullptr, ""}, desc, tensor);
    if (comparison.differences().empty()) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("tensor differs from record ", desc.id, ": ", comparison.differences()));
  });
}

}  // namespace metaconv
