#include "benchmarks/graphs/fingerprint.h"

#include "ATen/core/Tensor.h"
#include "absl/container/flat_hash_map.h"

namespace metaconv {
namespace {

class Hash {
 public:
  std::uint64_t value() const { return value_; }

  void AddTensor(const at::Tensor& tensor) {
    const auto [place, inserted] = tensors_.try_emplace(tensor.unsafeGetTensorImpl(), tensors_.size());
    Add(place->second);
    if (!inserted) return;
    AddParts(tensor);
    Add(tensor.requires_grad());
    Add(tensor.is_leaf());
    Add(tensor.is_view());
    if (tensor.is_view()) AddTensor(at::Tensor(tensor._base()));
    const bool has_grad = tensor.is_leaf() && tensor.grad().defined();
    Add(has_grad);
    if (has_grad) AddTensor(tensor.grad());
  }

 private:
  void AddParts(const at::Tensor& tensor) {
    if (tensor.layout() == at::kSparse) {
      Add(1);
      AddType(tensor);
      AddStrided(tensor._indices());
      AddStrided(tensor._values());
    } else if (tensor.layout() == at::kSparseCsr) {
      Add(2);
      AddType(tensor);
      AddStrided(tensor.crow_indices());
      AddStrided(tensor.col_indices());
      AddStrided(tensor.values());
    } else {
      Add(0);
      AddStrided(tensor);
    }
  }

  void AddStrided(const at::Tensor& tensor) {
    AddType(tensor);
    for (const std::int64_t stride : tensor.strides()) Add(stride);
    Add(tensor.storage_offset());
    const c10::StorageImpl* storage = tensor.storage().unsafeGetStorageImpl();
    Add(storages_.try_emplace(storage, storages_.size()).first->second);
    Add(tensor.storage().nbytes());
  }

  void AddType(const at::Tensor& tensor) {
    Add(tensor.element_size());
    Add(tensor.is_floating_point());
    Add(tensor.is_complex());
    Add(tensor.is_conj());
    Add(tensor.dim());
    for (const std::int64_t size : tensor.sizes()) Add(size);
  }

  void Add(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001B3; }

  std::uint64_t value_ = 0xCBF29CE484222325;
  absl::flat_hash_map<const c10::TensorImpl*, std::uint64_t> tensors_;
  absl::flat_hash_map<const c10::StorageImpl*, std::uint64_t> storages_;
};

}  // namespace

std::uint64_t Fingerprint(const std::vector<at::Tensor>& tensors) {
  Hash hash;
  for (const at::Tensor& tensor : tensors) hash.AddTensor(tensor);
  return hash.value();
}

}  // namespace metaconv
