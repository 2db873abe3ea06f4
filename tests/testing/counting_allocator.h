// CountingAllocator: wraps LibTorch's CPU allocator, counts allocations, and can let an allocation fail.
//
// Example:
//   CountingAllocator allocator;
//   allocator.FailAt(3);                      // The third allocation from now on fails.
//   …
//   EXPECT_EQ(allocator.live(), 0);
//
// Thread safety: allocations may come from any thread. At most one object at a time.
// Lifetime: active between construction and destruction. Memory that was allocated before or that outlives the object
// is not counted, but freed correctly.

#ifndef METACONV_TESTS_TESTING_COUNTING_ALLOCATOR_H_
#define METACONV_TESTS_TESTING_COUNTING_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "c10/core/Allocator.h"
#include "c10/core/CPUAllocator.h"
#include "c10/util/Exception.h"

namespace metaconv {

class CountingAllocator final : public c10::Allocator {
 public:
  CountingAllocator() : inner_(c10::GetCPUAllocator()) {
    current_ = this;
    c10::SetCPUAllocator(this, kPriority);
  }
  ~CountingAllocator() override {
    c10::SetCPUAllocator(inner_, kPriority);
    current_ = nullptr;
  }
  CountingAllocator(const CountingAllocator&) = delete;
  CountingAllocator& operator=(const CountingAllocator&) = delete;

  c10::DataPtr allocate(std::size_t size) override {
    const std::lock_guard lock(mutex_);
    if (++calls_ == fail_at_) TORCH_CHECK_WITH(OutOfMemoryError, false, "no memory for ", size, " bytes");
    c10::DataPtr data = inner_->allocate(size);
    void* address = data.get();
    if (address == nullptr) return data;
    data.release_context();
    live_.emplace(address, size);
    live_bytes_ += size;
    return c10::DataPtr(address, address, &Free, c10::Device(c10::kCPU));
  }
  // LibTorch also allocates through this interface, which passes only the address when freeing.
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* into, const void* from, std::size_t size) const override { default_copy_data(into, from, size); }

  // The number of the allocation that fails, starting with 1 for the next one; 0 for none.
  void FailAt(int number) {
    const std::lock_guard lock(mutex_);
    calls_ = 0;
    fail_at_ = number;
  }

  int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  int live() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(live_.size());
  }
  std::size_t live_bytes() const {
    const std::lock_guard lock(mutex_);
    return live_bytes_;
  }

 private:
  static constexpr std::uint8_t kPriority = 100;

  // Also called for memory that was allocated before, or that outlives the object.
  static void Free(void* address) {
    if (current_ != nullptr) current_->Forget(address);
    c10::GetDefaultCPUAllocator()->raw_deleter()(address);
  }

  void Forget(void* address) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(address);
    if (found == live_.end()) return;
    live_bytes_ -= found->second;
    live_.erase(found);
  }

  static inline CountingAllocator* current_ = nullptr;

  c10::Allocator* const inner_;
  mutable std::mutex mutex_;
  int calls_ = 0;
  int fail_at_ = 0;
  std::map<void*, std::size_t> live_;
  std::size_t live_bytes_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_COUNTING_ALLOCATOR_H_
