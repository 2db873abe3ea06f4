// MemoConversion: one call of the converter. It uses and extends the memo of results that the converter's calls share.
//
// Example:
//   MemoConversion(memo, callback, /*fake=*/false).Convert(*desc);
//
// Derived classes add features: see copying_conversion.h and real_conversion.h.
//
// Thread safety: used by the thread that made it only; the state that it shares with other conversions is thread-safe.
// Lifetime: lives on the stack of one call of the converter.

#ifndef METACONV_CONVERTER_MEMO_CONVERSION_H_
#define METACONV_CONVERTER_MEMO_CONVERSION_H_

#include <cstddef>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "c10/core/StorageImpl.h"
#include "converter/new_results.h"
#include "converter/tensor_memo.h"
#include "converter/weak_memo.h"
#include "kinds/allocation_callback.h"
#include "kinds/conversion.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The state that all conversions of one converter share.
struct ConversionMemo {
  TensorMemo tensors;
  WeakMemo<c10::StorageImpl> storages;

  void SetStorage(MetaStorageId id, const c10::Storage& storage) {
    storages.Set(id, c10::intrusive_ptr<c10::StorageImpl>::reclaim_copy(storage.unsafeGetStorageImpl()));
  }
};

class MemoConversion : public Conversion {
 public:
  // Records nested deeper than this are an error. A describer makes no such records.
  static constexpr int kMaxDepth = 600;

  // `callback` may be empty. Both references must outlive the conversion. `fake`: results are native fake tensors.
  MemoConversion(ConversionMemo& memo, const AllocationCallback& callback, bool fake)
      : memo_(memo), callback_(callback), fake_(fake) {}

  absl::StatusOr<at::Tensor> Convert(const MetaTensorDesc& desc) override;
  // As Convert, for a record that had no result and was not being built when the caller looked it up. Both may have
  // changed since.
  absl::StatusOr<at::Tensor> ConvertUnseen(const MetaTensorDesc& desc);
  // As ConvertUnseen, for one of many records: sets `results[index]`, or adds the result, which is then stored later.
  void ConvertUnseen(const MetaTensorDesc& desc, std::size_t index, NewResults& results);
  // Convert for each of `descs`, in order and in less time.
  void ConvertMany(absl::Span<const MetaTensorDesc* const> descs, absl::Span<absl::StatusOr<at::Tensor>> results);
  absl::StatusOr<at::Tensor> Build(const MetaTensorDesc& desc) override;
  absl::StatusOr<at::Tensor> Allocate(AllocationMaker make, c10::Device recorded) override;
  absl::StatusOr<at::Tensor> AllocateStrided(const MetaTensorDesc& desc) override;
  absl::Status MakeFake(const MetaTensorDesc& desc, const at::Tensor& tensor) const override;
  absl::Status PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) override;
  absl::StatusOr<at::Tensor> AllocateWrapped(const MetaTensorDesc& desc) override;
  absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc&) override { return at::Tensor(); }
  c10::Device device() const override { return c10::Device(c10::DeviceType::Meta); }
  bool keeps_elements() const override { return false; }

  // The result for a storage: the existing one, or a new one.
  absl::StatusOr<c10::Storage> ConvertStorage(const MetaStorageDesc& desc, c10::Device recorded);

 protected:
  // Hooks for derived classes, called for every result: with a new storage, before other threads can access it; …
  virtual absl::Status OnNewStorage(const MetaStorageDesc&, const c10::Storage&) { return absl::OkStatus(); }
  // … with a storage, each time a result is placed on it; …
  virtual absl::Status OnStorage(const MetaStorageDesc&, const c10::Storage&) { return absl::OkStatus(); }
  // … with a new tensor, before its gradient and its conjugate and negative bits are set.
  virtual absl::Status OnBuilt(const MetaTensorDesc&, const at::Tensor&) { return absl::OkStatus(); }

  // Creates a storage for a record that has no result.
  virtual absl::StatusOr<c10::Storage> NewStorage(const MetaStorageDesc& desc, c10::Device recorded);

  // Moves `tensor` to `storage`, the result of the record's storage, with the record's size, stride and offset.
  static absl::Status LayOut(const MetaTensorDesc& desc, const at::Tensor& tensor, c10::Storage storage);

 private:
  // The result of the record's storage. Null if it had none; `fresh` is the result then.
  absl::StatusOr<c10::Storage> Share(const MetaStorageDesc& desc, const c10::Storage& fresh);
  absl::StatusOr<at::Tensor> Nested(const MetaTensorDesc& desc, absl::FunctionRef<absl::StatusOr<at::Tensor>()> build);
  bool IsBuiltAlone(const MetaTensorDesc& desc) const;
  absl::StatusOr<at::Tensor> BuildAlone(const MetaTensorDesc& desc);
  void ConvertBlock(absl::Span<const MetaTensorDesc* const> descs, absl::Span<absl::StatusOr<at::Tensor>> results);
  absl::StatusOr<at::Tensor> BuildOfKind(const MetaTensorDesc& desc);
  absl::StatusOr<at::Tensor> BuildWhole(const MetaTensorDesc& desc);
  bool IsAsAskedFor(const MetaTensorDesc& desc, const at::Tensor& tensor) const;
  absl::Status MoveToStorage(const MetaTensorDesc& desc, const at::Tensor& tensor);

  ConversionMemo& memo_;
  const AllocationCallback& callback_;
  const bool fake_;
  int depth_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_MEMO_CONVERSION_H_
