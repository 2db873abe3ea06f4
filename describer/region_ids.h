// RegionIds: the ids of the objects in one region of memory, in 8 bytes an object.
//
// A region is an aligned range of 64 KiB. Within it an object is named by 13 bits, its place, which leaves enough bits
// of a word for its id. IdentityTable has one RegionIds for each region that contains an identified object.
//
// It is a hash table with linear probing, which is at most three quarters full. A table of one slot, for a region with
// one object, needs no memory of its own.
//
// Example:
//   RegionIds ids;
//   IdSlot& slot = ids.FindOrInsert(RegionIds::PlaceOf(object));
//   if (!slot.has_id()) slot.set_id(next_id++);
//
// Thread safety: Thread-compatible.
// Lifetime: holds neither objects nor references to them. References to slots are valid until the next call of a
// function that is not const.

#ifndef METACONV_DESCRIBER_REGION_IDS_H_
#define METACONV_DESCRIBER_REGION_IDS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace metaconv {

// Invariant: a slot in use has an id, or the mark of an extra, or was inserted just now.
class IdSlot {
 public:
  static constexpr int kPlaceBits = 13;

  IdSlot() = default;
  explicit IdSlot(std::uint32_t place) : bits_(place | kUsed) {}

  bool is_used() const { return bits_ != 0; }
  bool Is(std::uint32_t place) const { return (bits_ & (kPlaceMask | kUsed)) == (place | kUsed); }
  std::uint32_t place() const { return static_cast<std::uint32_t>(bits_ & kPlaceMask); }

  bool has_id() const { return bits_ >> kIdShift != 0; }
  // Only if has_id().
  std::int64_t id() const { return static_cast<std::int64_t>(bits_ >> kIdShift) - 1; }
  // `id` must be from 0 to 2^48 - 2.
  void set_id(std::int64_t id) {
    bits_ = (bits_ & ((std::uint64_t{1} << kIdShift) - 1)) | static_cast<std::uint64_t>(id + 1) << kIdShift;
  }

  // Whether the user of the table keeps more about the object elsewhere.
  bool has_extra() const { return (bits_ & kExtra) != 0; }
  void set_has_extra() { bits_ |= kExtra; }

  // Whether the slot was inserted just now.
  bool is_fresh() const { return !has_id() && !has_extra(); }

 private:
  static constexpr std::uint64_t kPlaceMask = (1 << kPlaceBits) - 1;
  static constexpr std::uint64_t kUsed = 1 << kPlaceBits;
  static constexpr std::uint64_t kExtra = kUsed << 1;
  static constexpr int kIdShift = 16;

  std::uint64_t bits_ = 0;
};

class RegionIds {
 public:
  static constexpr int kLogBytes = 16;

  // Allocated objects are aligned to 8 bytes or more.
  static std::uint32_t PlaceOf(const void* object) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(object) & ((1 << kLogBytes) - 1)) >> kLogAlign;
  }
  static std::uintptr_t RegionOf(const void* object) { return reinterpret_cast<std::uintptr_t>(object) >> kLogBytes; }
  static std::uintptr_t AddressOf(std::uintptr_t region, std::uint32_t place) {
    return region << kLogBytes | static_cast<std::uintptr_t>(place) << kLogAlign;
  }

  RegionIds() = default;
  RegionIds(RegionIds&& other) noexcept { Swap(other); }
  RegionIds& operator=(RegionIds&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~RegionIds() {
    if (log_capacity_ > 0) delete[] slots_;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return std::size_t{1} << log_capacity_; }

  // Null if there is none.
  IdSlot* Find(std::uint32_t place) {
    IdSlot* slot = Probe(place);
    return slot->Is(place) ? slot : nullptr;
  }

  // Inserts a slot if there is none.
  IdSlot& FindOrInsert(std::uint32_t place) {
    IdSlot* slot = Probe(place);
    if (slot->Is(place)) return *slot;
    if (!HasRoomFor(1)) {
      Reserve(1);
      slot = Probe(place);
    }
    ++size_;
    return *slot = IdSlot(place);
  }

  // Makes room for `more` objects, so that inserting them moves no slots.
  void Reserve(std::size_t more) {
    if (!HasRoomFor(more)) Rebuild(size_ + more);
  }

  void Prefetch(std::uint32_t place) const { __builtin_prefetch(slots() + Home(place)); }

  // Calls visit(const IdSlot&) for each slot in use, and look_ahead(const IdSlot&) some time before that.
  template <typename LookAhead, typename Visitor>
  void ForEach(LookAhead&& look_ahead, Visitor&& visit) const {
    Walk(slots(), capacity(), look_ahead, visit);
  }

  // Removes each slot for which is_dead(const IdSlot&) is true, and the memory that is then not needed. Calls
  // look_ahead(const IdSlot&) for each slot some time before.
  template <typename LookAhead, typename IsDead>
  void RemoveIf(LookAhead&& look_ahead, IsDead&& is_dead) {
    std::uint32_t removed = 0;
    Walk(slots(), capacity(), look_ahead, [&](IdSlot& slot) {
      if (!is_dead(std::as_const(slot))) return;
      slot = IdSlot();  // Look-ups are wrong from here until the table is rebuilt below.
      ++removed;
    });
    if (removed == 0) return;
    size_ -= removed;
    Rebuild(size_);
  }

 private:
  static constexpr int kLogAlign = kLogBytes - IdSlot::kPlaceBits;
  static constexpr std::size_t kAhead = 16;

  template <typename Slot, typename LookAhead, typename Visitor>
  static void Walk(Slot* slots, std::size_t count, LookAhead&& look_ahead, Visitor&& visit) {
    std::size_t ahead = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (; ahead < count && ahead <= i + kAhead; ++ahead) {
        if (slots[ahead].is_used()) look_ahead(std::as_const(slots[ahead]));
      }
      if (slots[i].is_used()) visit(slots[i]);
    }
  }

  // The smallest table that is at most three quarters full with `size` objects. A table of one slot may be full.
  static std::uint32_t LogCapacityFor(std::size_t size) {
    std::uint32_t log = size > 1 ? 2 : 0;
    while (size > 1 && size * 4 > (std::size_t{3} << log)) ++log;
    return log;
  }

  bool HasRoomFor(std::size_t more) const { return LogCapacityFor(size_ + more) <= log_capacity_; }

  const IdSlot* slots() const { return log_capacity_ > 0 ? slots_ : &single_; }
  IdSlot* slots() { return log_capacity_ > 0 ? slots_ : &single_; }

  // Objects of one type are often at equal distances. The multiplicative hash spreads such places evenly.
  std::size_t Home(std::uint32_t place) const {
    const std::uint32_t hash = place * 0x9E3779B9u;
    return static_cast<std::size_t>((std::uint64_t{hash} << log_capacity_) >> 32);
  }

  // The slot of `place`; if there is none, the free slot where it belongs, or in a full table any slot.
  IdSlot* Probe(std::uint32_t place) {
    IdSlot* const begin = slots();
    const std::size_t mask = capacity() - 1;
    std::size_t i = Home(place);
    while (begin[i].is_used() && !begin[i].Is(place) && mask != 0) i = (i + 1) & mask;
    return begin + i;
  }

  // Moves the slots to a table for `size` objects.
  void Rebuild(std::size_t size) {
    RegionIds rebuilt;
    rebuilt.log_capacity_ = LogCapacityFor(size);
    if (rebuilt.log_capacity_ > 0) rebuilt.slots_ = new IdSlot[rebuilt.capacity()];
    ForEach([](const IdSlot&) {}, [&](const IdSlot& slot) { *rebuilt.Probe(slot.place()) = slot; });
    rebuilt.size_ = size_;
    Swap(rebuilt);
  }

  void Swap(RegionIds& other) {
    std::swap(slots_, other.slots_);
    std::swap(single_, other.single_);
    std::swap(size_, other.size_);
    std::swap(log_capacity_, other.log_capacity_);
  }

  IdSlot* slots_ = nullptr;  // If there is more than one slot.
  IdSlot single_;            // Otherwise.
  std::uint32_t size_ = 0;
  std::uint32_t log_capacity_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_REGION_IDS_H_
