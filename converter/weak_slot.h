// WeakSlot: an atomic word of a table. It holds nothing, a weak reference to an object, or a number.
//
// A slot is read and changed under the shared lock of its table; see id_table.h. A thread that reads the slot can
// therefore use its object's reference counts, even if another thread replaces the reference: that thread waits for
// all readers before it destroys the old reference.
//
// Example:
//   WeakSlot<c10::StorageImpl> slot;
//   auto reference = slot.Weaken(*storage);
//   auto existing = slot.GetOrSet(reference);         // `reference` is now the one that was replaced.
//
// Thread safety: Thread-safe, under the shared lock of the table.
// Lifetime: keeps the memory of the object, not the object itself.

#ifndef METACONV_CONVERTER_WEAK_SLOT_H_
#define METACONV_CONVERTER_WEAK_SLOT_H_

#include <atomic>
#include <cstdint>

#include "c10/util/intrusive_ptr.h"

namespace metaconv {

template <typename T>
class WeakSlot {
 public:
  using Strong = c10::intrusive_ptr<T>;
  using Weak = c10::weak_intrusive_ptr<T>;

  // The content of a slot. A reference can have a flag.
  class Content {
   public:
    Content() = default;
    static Content Reference(T* object, bool is_flagged = false) {
      return Content(reinterpret_cast<std::uintptr_t>(object) | (is_flagged ? kFlag : 0));
    }
    // `number` has at most 62 bits.
    static Content Number(std::uint64_t number) { return Content(number << kTagBits | kNumber); }

    // The object of the reference; null if there is no reference.
    T* object() const { return IsNumber() ? nullptr : reinterpret_cast<T*>(bits_ & ~kTags); }
    bool IsNumber() const { return (bits_ & kNumber) != 0; }
    // The number; 0 if there is none.
    std::uint64_t number() const { return IsNumber() ? bits_ >> kTagBits : 0; }
    bool IsFlagged() const { return (bits_ & kFlag) != 0; }
    bool IsEmpty() const { return bits_ == 0; }

    // The object; null if there is none, or it was destroyed.
    Strong Lock() const {
      const Borrowed reference(object());
      return reference.weak.lock();
    }

    friend bool operator==(Content, Content) = default;

   private:
    friend class WeakSlot;
    explicit Content(std::uintptr_t bits) : bits_(bits) {}

    static constexpr std::uintptr_t kNumber = 1;
    static constexpr std::uintptr_t kFlag = 2;
    static constexpr std::uintptr_t kTags = kNumber | kFlag;
    static constexpr int kTagBits = 2;

    std::uintptr_t bits_ = 0;
  };

  // An empty reference.
  static Weak NoReference() { return Weak::reclaim(nullptr); }
  // A reference to `object`, which must be alive.
  static Weak Weaken(T& object) {
    c10::raw::weak_intrusive_ptr::incref(&object);
    return Weak::reclaim(&object);
  }

  WeakSlot() = default;
  WeakSlot(const WeakSlot&) = delete;
  WeakSlot& operator=(const WeakSlot&) = delete;
  ~WeakSlot() { Take(); }

  Content Load() const { return Content(bits_.load(std::memory_order_seq_cst)); }
  // The caller becomes the owner of the reference in `expected`, and the slot of the one in `desired`.
  bool CompareExchange(Content& expected, Content desired) {
    return bits_.compare_exchange_strong(expected.bits_, desired.bits_, std::memory_order_seq_cst);
  }

  // The object; null if there is none, or it was destroyed.
  Strong Lock() const { return Load().Lock(); }

  // Replaces the content by `reference`, which is the old reference afterwards.
  void Exchange(Weak& reference) {
    const Content old(bits_.exchange(Content::Reference(reference.release()).bits_, std::memory_order_seq_cst));
    reference = Weak::reclaim(old.object());
  }

  // Returns the object. If there is none, exchanges the content and returns null.
  Strong GetOrSet(Weak& reference) {
    Content content = Load();
    while (true) {
      if (Strong object = content.Lock()) return object;
      if (!CompareExchange(content, Content::Reference(reference._unsafe_get_target()))) continue;
      reference.release();
      reference = Weak::reclaim(content.object());
      return Strong();
    }
  }

  bool IsEmpty() const { return Load().IsEmpty(); }
  bool IsAlive() const {
    const Borrowed reference(Load().object());
    return !reference.weak.expired();
  }
  // Whether there is nothing but a reference to a destroyed object.
  bool IsDead() const {
    const Content content = Load();
    const Borrowed reference(content.object());
    return content.object() != nullptr && !content.IsFlagged() && reference.weak.expired();
  }
  // Prefetches the reference count for a later call of Lock(), IsAlive() or IsDead().
  void Prefetch() const { __builtin_prefetch(Content(bits_.load(std::memory_order_relaxed)).object()); }

  // Empties the slot. No other thread may use it.
  Weak Take() {
    const Content content(bits_.load(std::memory_order_relaxed));
    bits_.store(0, std::memory_order_relaxed);
    return Weak::reclaim(content.object());
  }

 private:
  static_assert(alignof(T) > Content::kTags);

  // A reference that the slot owns.
  struct Borrowed {
    explicit Borrowed(T* object) : weak(Weak::reclaim(object)) {}
    ~Borrowed() { weak.release(); }

    Weak weak;
  };

  std::atomic<std::uintptr_t> bits_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_WEAK_SLOT_H_
