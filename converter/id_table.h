// IdTable: a concurrent table of slots with weak references, indexed by id.
//
// A describer gives out ids consecutively from 0, so the slots are kept in pages that are found by index: a look-up
// needs no hash and no comparison, tables grow without moving slots, and neighbouring ids are neighbours in memory.
// Any other 64-bit id is allowed too; it costs a page.
//
// Visitors of a table share nothing but the slots that they change. They run under a lock that each thread takes on a
// stripe of its own (see striped_shared_mutex.h), and change slots by atomic operations. Adding and removing pages
// excludes visitors; adding a page also checks some others for dead references, so the time for that is constant per
// id (amortized) and the number of slots with dead references stays proportional to the number of live ones.
//
// Example:
//   IdTable<WeakSlot<c10::StorageImpl>> table;
//   table.Visit(7, [&](WeakSlot<c10::StorageImpl>& slot) { existing = slot.GetOrSet(reference); });
//   table.Destroy(std::move(reference));                                   // The reference that was replaced.
//
// Thread safety: Thread-safe. A visitor must not block, call the table, or call code of LibTorch or of users.
// Destroying a reference calls such code. So a visitor passes a reference that it replaced to the caller, who passes it
// to Destroy().
// Lifetime: keeps alive what its slots keep alive. A slot stays at its address until it was empty or dead.

#ifndef METACONV_CONVERTER_ID_TABLE_H_
#define METACONV_CONVERTER_ID_TABLE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/types/span.h"
#include "converter/page_directory.h"
#include "converter/striped_shared_mutex.h"

namespace metaconv {

// Slot: see weak_slot.h.
template <typename Slot>
class IdTable {
 public:
  using Reference = typename Slot::Weak;

  // The number of slots in a page. A page has 1 KiB, about as much as a tensor and its record.
  static constexpr int kPageSlots = 128;

  // What to do beside adding a page. A caller that holds a lock may only add it: removing dead references from other
  // pages destroys objects, which calls code of LibTorch or of users.
  enum class OnNewPage { kCheckOthers, kOnlyAdd };

  // Returns visit(slot) for the slot of `id`.
  template <typename Visitor>
  auto Visit(std::int64_t id, Visitor&& visit, OnNewPage on_new_page = OnNewPage::kCheckOthers)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    while (true) {
      {
        const StripedReaderLock lock(mutex_);
        if (Page* page = pages_.Find(PageOf(id)); page != nullptr) {
          mutex_.Count(1);
          return visit(page->slots[IndexOf(id)]);
        }
      }
      AddPage(PageOf(id), on_new_page);
    }
  }

  // Calls visit(slot) if there is a page for `id`. The slot may be empty.
  template <typename Visitor>
  void VisitIfPresent(std::int64_t id, Visitor&& visit) ABSL_LOCKS_EXCLUDED(mutex_) {
    const StripedReaderLock lock(mutex_);
    mutex_.Count(1);
    if (Page* page = pages_.Find(PageOf(id)); page != nullptr) visit(page->slots[IndexOf(id)]);
  }

  // Calls visit(i, slot) for each ids[i], in order. Faster than one call of Visit for each id: many ids share a lock,
  // and their slots and objects are prefetched.
  template <typename Visitor>
  void VisitEach(absl::Span<const std::int64_t> ids, Visitor&& visit) ABSL_LOCKS_EXCLUDED(mutex_) {
    for (std::size_t begin = 0; begin < ids.size(); begin += kBatch) {
      const absl::Span<const std::int64_t> batch = ids.subspan(begin, kBatch);
      while (!VisitBatch(batch, begin, visit)) AddPages(batch);
    }
  }

  // As VisitEach, only for the ids that have a page.
  template <typename Visitor>
  void VisitEachPresent(absl::Span<const std::int64_t> ids, Visitor&& visit) ABSL_LOCKS_EXCLUDED(mutex_) {
    for (std::size_t begin = 0; begin < ids.size(); begin += kBatch) {
      VisitPresentBatch(ids.subspan(begin, kBatch), begin, visit);
    }
  }

  // Destroys a reference that a visitor has replaced, when no visitor can use it any more.
  void Destroy(Reference reference) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (reference._unsafe_get_target() != nullptr) mutex_.WaitForReaders();
  }
  void Destroy(std::vector<Reference> references) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!references.empty()) mutex_.WaitForReaders();
  }

  // Calls visit(id) for the id of each live object, in order, with no lock held. An object that is added or destroyed
  // during the call may or may not be visited.
  template <typename Visitor>
  void ForEachAlive(Visitor&& visit) const ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::int64_t> ids;
    for (const PageNumber number : PageNumbers()) {
      ids.clear();
      VisitPage(number, [&](std::int64_t id, const Slot& slot) {
        if (slot.IsAlive()) ids.push_back(id);
      });
      for (const std::int64_t id : ids) visit(id);
    }
  }

  // The number of live objects.
  std::size_t CountAlive() const {
    return CountIf([](const Slot& slot) { return slot.IsAlive(); });
  }

  // Removes all dead references, and frees the pages that are empty then.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_) {
    for (const PageNumber number : PageNumbers()) {
      std::vector<Reference> dead;
      const StripedWriterLock lock(mutex_);
      if (Page* page = pages_.Find(number); page != nullptr && RemoveDead(*page, dead)) pages_.Erase(number);
    }
    const StripedWriterLock lock(mutex_);
    pages_.Shrink();
    to_check_ = std::vector<PageNumber>();
    new_pages_.clear();
  }

  // The number of slots that are not empty, including those with dead references. Walks over all pages.
  std::size_t size() const {
    return CountIf([](const Slot&) { return true; });
  }

  // The number of pages, which is what the memory of the table depends on.
  std::size_t page_count() const { return PageNumbers().size(); }

  // The number of slots that were looked up by the Visit functions.
  std::int64_t lookups() const { return mutex_.count(); }

 private:
  using PageNumber = std::int64_t;

  struct Page {
    std::array<Slot, kPageSlots> slots;
    bool was_empty = false;  // When it was last checked.
  };

  static constexpr std::size_t kBatch = 64;        // The number of ids that are visited under one lock.
  static constexpr std::size_t kNewPages = 8;      // A page is checked when this many other pages were added.
  static constexpr int kChecksPerPage = 2;         // The number of other pages that are checked when a page is added.
  static constexpr int kSampleStep = 32;           // One of this many slots is checked first.
  static constexpr int kMostAliveFor = 8;          // The others are not, if at most one of this many is dead.
  static constexpr std::size_t kWalkPerPage = 32;  // See CheckPages().

  // Rounded down, also for negative ids.
  static PageNumber PageOf(std::int64_t id) { return id >> 7; }
  static std::size_t IndexOf(std::int64_t id) { return static_cast<std::uint64_t>(id) % kPageSlots; }
  static_assert(kPageSlots == 1 << 7);

  // Prefetches the slots and their objects before the first visit.
  template <typename Visitor>
  bool VisitBatch(absl::Span<const std::int64_t> ids, std::size_t begin, Visitor& visit) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::array<Slot*, kBatch> slots;
    const StripedReaderLock lock(mutex_);
    if (!FindBatch(ids, slots.data())) return false;
    mutex_.Count(static_cast<std::int64_t>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) visit(begin + i, *slots[i]);
    return true;
  }

  template <typename Visitor>
  void VisitPresentBatch(absl::Span<const std::int64_t> ids, std::size_t begin, Visitor& visit)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::array<Slot*, kBatch> slots;
    const StripedReaderLock lock(mutex_);
    FindBatch(ids, slots.data());
    mutex_.Count(static_cast<std::int64_t>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (slots[i] != nullptr) visit(begin + i, *slots[i]);
    }
  }

  // Finds the slot of each id, or null, and prefetches it and its object. Returns whether all were found.
  bool FindBatch(absl::Span<const std::int64_t> ids, Slot** slots) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    bool is_complete = true;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Page* const page = pages_.Find(PageOf(ids[i]));
      slots[i] = page == nullptr ? nullptr : &page->slots[IndexOf(ids[i])];
      __builtin_prefetch(slots[i]);
      is_complete = is_complete && page != nullptr;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (slots[i] != nullptr) slots[i]->Prefetch();
    }
    return is_complete;
  }

  std::vector<PageNumber> PageNumbers() const ABSL_LOCKS_EXCLUDED(mutex_) {
    const StripedReaderLock lock(mutex_);
    return pages_.Numbers();
  }

  // Calls visit(id, slot) for each slot of the page that is not empty.
  template <typename Visitor>
  void VisitPage(PageNumber number, Visitor&& visit) const ABSL_LOCKS_EXCLUDED(mutex_) {
    const StripedReaderLock lock(mutex_);
    const Page* const page = pages_.Find(number);
    if (page == nullptr) return;
    for (const Slot& slot : page->slots) slot.Prefetch();
    for (int i = 0; i < kPageSlots; ++i) {
      if (const Slot& slot = page->slots[i]; !slot.IsEmpty()) visit(number * kPageSlots + i, slot);
    }
  }

  template <typename Predicate>
  std::size_t CountIf(Predicate matches) const {
    std::size_t count = 0;
    for (const PageNumber number : PageNumbers()) {
      VisitPage(number, [&](std::int64_t, const Slot& slot) { count += matches(slot) ? 1 : 0; });
    }
    return count;
  }

  void AddPage(PageNumber number, OnNewPage on_new_page) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<Reference> dead;  // Destroyed after the lock is released.
    auto page = std::make_unique<Page>();
    const StripedWriterLock lock(mutex_);
    if (pages_.Find(number) != nullptr) return;
    if (on_new_page == OnNewPage::kCheckOthers) CheckPages(dead);
    Insert(number, std::move(page));
  }

  // Adds all missing pages of `ids` together, so that none of them is removed to add another one.
  void AddPages(absl::Span<const std::int64_t> ids) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<Reference> dead;  // As above.
    const StripedWriterLock lock(mutex_);
    CheckPages(dead);
    for (const std::int64_t id : ids) {
      if (pages_.Find(PageOf(id)) == nullptr) Insert(PageOf(id), std::make_unique<Page>());
    }
  }

  void Insert(PageNumber number, std::unique_ptr<Page> page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    pages_.Insert(number, std::move(page));
    new_pages_.push_back(number);
    ++pages_added_;
  }

  // Removes the dead references from some pages: from the pages that were new some time ago, because many objects die
  // young, and from the next ones in the order of their numbers.
  void CheckPages(std::vector<Reference>& dead) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (new_pages_.size() > kNewPages) {
      CheckPage(new_pages_.front(), dead);
      new_pages_.pop_front();
    }
    if (to_check_.empty() && pages_added_ * kWalkPerPage >= pages_.window_size()) {
      // Enough pages were added to pay for this walk.
      pages_added_ = 0;
      to_check_ = pages_.Numbers();
      std::reverse(to_check_.begin(), to_check_.end());  // The first ones are taken from the back.
    }
    for (int i = 0; i < kChecksPerPage && !to_check_.empty(); ++i) {
      CheckPage(to_check_.back(), dead);
      to_check_.pop_back();
    }
  }

  // Removes the dead references from the page, if enough of them are dead, and the page if it is empty then.
  void CheckPage(PageNumber number, std::vector<Reference>& dead) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Page* const page = pages_.Find(number);
    if (page == nullptr || !IsWorthSweeping(*page)) return;
    const std::size_t before = dead.size();
    const bool is_empty = RemoveDead(*page, dead);
    // A page that another thread has just added is empty too. It is kept until the next time.
    if (is_empty && (page->was_empty || dead.size() > before)) {
      pages_.Erase(number);
    } else {
      page->was_empty = is_empty;
    }
  }

  // Slot::IsDead() reads the object, which is not in a cache by now. While a large model is converted and all objects
  // are alive, checking each of them would cost more than all other work of the table, so a sample is checked first.
  bool IsWorthSweeping(const Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // Starts at a different slot each time, so that a periodic pattern of dead references cannot evade all samples.
    sample_begin_ = (sample_begin_ + 1) % kSampleStep;
    for (int i = sample_begin_; i < kPageSlots; i += kSampleStep) page.slots[i].Prefetch();
    int checked = 0;
    int dead = 0;
    for (int i = sample_begin_; i < kPageSlots; i += kSampleStep) {
      ++checked;
      if (page.slots[i].IsEmpty() || page.slots[i].IsDead()) ++dead;
    }
    return dead * kMostAliveFor > checked;
  }

  // Moves the dead references to `dead`. Returns whether all slots are empty now.
  static bool RemoveDead(Page& page, std::vector<Reference>& dead) {
    bool is_empty = true;
    dead.reserve(dead.size() + kPageSlots);  // So that no reference is destroyed here if memory runs out.
    for (const Slot& slot : page.slots) slot.Prefetch();
    for (Slot& slot : page.slots) {
      if (slot.IsDead()) dead.push_back(slot.Take());
      is_empty = is_empty && slot.IsEmpty();
    }
    return is_empty;
  }

  mutable StripedSharedMutex mutex_;
  PageDirectory<Page> pages_ ABSL_GUARDED_BY(mutex_);
  std::deque<PageNumber> new_pages_ ABSL_GUARDED_BY(mutex_);  // To be checked once they are not the newest ones.
  std::vector<PageNumber> to_check_ ABSL_GUARDED_BY(mutex_);
  std::size_t pages_added_ ABSL_GUARDED_BY(mutex_) = 0;  // Since to_check_ was filled.
  int sample_begin_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_ID_TABLE_H_
