#include "converter/host_storages.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "c10/core/Allocator.h"
#include "c10/core/CPUAllocator.h"
#include "c10/core/alignment.h"
#include "converter/fresh_memory.h"
#include "converter/host_memory.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

constexpr std::int64_t kAlignment = c10::gAlignment;
constexpr std::int64_t kMinShared = std::int64_t{128} << 10;  // malloc maps larger allocations separately.
constexpr std::int64_t kMaxBlock = std::int64_t{64} << 20;
constexpr std::int64_t kWorthAHugePage = kHugePageSize * 3 / 8;

std::int64_t RoundUp(std::int64_t size, std::int64_t step) { return (size + step - 1) / step * step; }

absl::StatusOr<c10::DataPtr> AllocateBytes(std::int64_t size_bytes) {
  absl::StatusOr<c10::DataPtr> data = CatchTorch("allocating", [&]() -> absl::StatusOr<c10::DataPtr> {
    return c10::GetCPUAllocator()->allocate(static_cast<std::size_t>(size_bytes));
  });
  if (!data.ok()) return NoHostMemory(size_bytes);
  return data;
}

c10::Storage StorageOf(c10::DataPtr data, std::int64_t size_bytes) {
  return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size_bytes), std::move(data),
                      c10::GetCPUAllocator(), /*resizable=*/true);
}

// Allocates memory that is aligned to a huge page, and requests huge pages for it.
absl::StatusOr<c10::DataPtr> AllocateAtHugePage(std::int64_t size_bytes) {
  absl::StatusOr<c10::DataPtr> whole = AllocateBytes(size_bytes + kHugePageSize);
  if (!whole.ok()) return whole;
  const auto aligned = RoundUp(reinterpret_cast<std::intptr_t>(whole->get()), kHugePageSize);
  auto* const begin = reinterpret_cast<void*>(aligned);
  UseHugePages(begin, size_bytes);
  const c10::DeleterFnPtr deleter = whole->get_deleter();
  return c10::DataPtr(begin, whole->release_context(), deleter, whole->device());
}

bool IsShared(std::int64_t size_bytes) { return size_bytes >= kMinShared && size_bytes < kHugePageSize; }

// Allocates the shared blocks, and places storages in them one after the other.
class SharedBlocks {
 public:
  explicit SharedBlocks(absl::Span<const std::int64_t> sizes) {
    for (const std::int64_t size : sizes) rest_ += IsShared(size) ? RoundUp(size, kAlignment) : 0;
  }

  // Memory for the next of `sizes` that is placed in a block; nullopt if there is no block for it.
  std::optional<c10::DataPtr> Allocate(std::int64_t size_bytes) {
    const std::int64_t size = RoundUp(size_bytes, kAlignment);
    if (size > left_) NewBlock();
    rest_ -= size;
    if (size > left_) return std::nullopt;
    auto part = std::make_unique<Part>(Part{block_, next_, size_bytes});
    next_ += size;
    left_ -= size;
    char* const begin = part->begin;
    return c10::DataPtr(begin, part.release(), FreePart, block_->device());
  }

 private:
  struct Part {
    std::shared_ptr<c10::DataPtr> block;
    char* begin;
    std::int64_t size;
  };

  static void FreePart(void* context) {
    const std::unique_ptr<Part> part(static_cast<Part*>(context));
    if (part->block.use_count() > 1) GiveBackPages(part->begin, part->size);
  }

  // Allocates a block for the remaining storages, of at most kMaxBlock bytes. If it allocates none, because too little
  // remains or memory is short, the storages are allocated one by one.
  void NewBlock() {
    left_ = 0;
    std::int64_t size = std::min(rest_, kMaxBlock);
    if (size < kWorthAHugePage) return;
    if (size % kHugePageSize >= kWorthAHugePage) size = RoundUp(size, kHugePageSize);
    absl::StatusOr<c10::DataPtr> block = AllocateAtHugePage(size);
    if (!block.ok()) return;
    next_ = static_cast<char*>(block->get());
    left_ = size;
    block_ = std::make_shared<c10::DataPtr>(*std::move(block));
  }

  std::int64_t rest_ = 0;  // The total size of the storages that are not placed yet.
  std::shared_ptr<c10::DataPtr> block_;
  char* next_ = nullptr;
  std::int64_t left_ = 0;  // The free bytes of the block, from next_ on.
};

}  // namespace

absl::Status AllocateHostStorages(absl::Span<const std::int64_t> sizes, std::vector<c10::Storage>& storages) {
  SharedBlocks blocks(sizes);
  for (const std::int64_t size : sizes) {
    std::optional<c10::DataPtr> data;
    if (IsShared(size)) {
      data = blocks.Allocate(size);
    } else if (size >= kHugePageSize && size <= std::numeric_limits<std::int64_t>::max() - kHugePageSize) {
      absl::StatusOr<c10::DataPtr> at_huge_page = AllocateAtHugePage(size);
      if (at_huge_page.ok()) data = *std::move(at_huge_page);
    }
    if (!data.has_value()) {
      absl::StatusOr<c10::DataPtr> plain = AllocateBytes(size);
      if (!plain.ok()) return plain.status();
      data = *std::move(plain);
    }
    storages.push_back(StorageOf(*std::move(data), size));
  }
  return absl::OkStatus();
}

absl::StatusOr<c10::Storage> AllocateHostStorage(std::int64_t size_bytes) {
  absl::StatusOr<c10::DataPtr> data = AllocateBytes(size_bytes);
  if (!data.ok()) return data.status();
  UseHugePages(data->get(), size_bytes);
  return StorageOf(*std::move(data), size_bytes);
}

absl::Status NoHostMemory(std::int64_t wanted) {
  const std::optional<std::int64_t> available = AvailableHostMemory();
  return absl::ResourceExhaustedError(
      absl::StrCat("device cpu: expected room for ", wanted, " bytes, found ",
                   available.has_value() ? absl::StrCat(*available, " bytes free") : "not enough"));
}

}  // namespace metaconv
