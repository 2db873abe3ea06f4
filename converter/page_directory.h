// PageDirectory: a map from page number to page, for numbers that are mostly consecutive.
//
// The pages of one window of numbers are found by index, and all others in a hash table. The window grows with the
// numbers if the pages that were ever inserted justify it; so a single page with a large number does not take memory
// for all numbers below it. Where the pages are does not change their addresses.
//
// Example:
//   PageDirectory<Page> pages;
//   pages.Insert(7, std::make_unique<Page>());
//   Page* page = pages.Find(7);
//
// Thread safety: Thread-compatible.
// Lifetime: owns the pages.

#ifndef METACONV_CONVERTER_PAGE_DIRECTORY_H_
#define METACONV_CONVERTER_PAGE_DIRECTORY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace metaconv {

template <typename Page>
class PageDirectory {
 public:
  using Number = std::int64_t;

  // Null if there is none.
  Page* Find(Number number) const {
    const auto index = static_cast<std::uint64_t>(number - first_);
    if (index < window_.size()) return window_[index].get();
    if (others_.empty()) return nullptr;
    const auto it = others_.find(number);
    return it == others_.end() ? nullptr : it->second.get();
  }

  // There must be no page with this number. The number must fit into 62 bits.
  void Insert(Number number, std::unique_ptr<Page> page) {
    ++inserted_;
    if (IsInWindow(number) || ExtendTo(number)) {
      window_[number - first_] = std::move(page);
    } else {
      others_[number] = std::move(page);
    }
  }

  void Erase(Number number) {
    if (IsInWindow(number)) {
      window_[number - first_].reset();
    } else {
      others_.erase(number);
    }
  }

  // The numbers of all pages, in order.
  std::vector<Number> Numbers() const {
    std::vector<Number> numbers;
    for (std::size_t i = 0; i < window_.size(); ++i) {
      if (window_[i] != nullptr) numbers.push_back(first_ + static_cast<Number>(i));
    }
    if (others_.empty()) return numbers;
    for (const auto& [number, page] : others_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  // Frees the memory that is not needed for the present pages.
  void Shrink() {
    TrimFront();
    while (!window_.empty() && window_.back() == nullptr) window_.pop_back();
    window_.shrink_to_fit();
    others_.rehash(0);
  }

  // The number of places of the window, for which Numbers() takes time.
  std::size_t window_size() const { return window_.size(); }

 private:
  // The window can have this many places more than twice the number of inserted pages.
  static constexpr std::int64_t kSlack = 64;

  bool IsInWindow(Number number) const { return static_cast<std::uint64_t>(number - first_) < window_.size(); }

  // Extends the window so that it contains `number`. Returns false if it would have too many places.
  bool ExtendTo(Number number) {
    if (number < 0) return false;
    if (window_.size() == window_.capacity()) TrimFront();
    // If threads start a table together, the first number to arrive need not be the smallest.
    const Number rounded = number - number % kSlack;
    if (window_.empty()) first_ = rounded;
    const Number begin = std::min(rounded, first_);
    const Number end = std::max(number + 1, first_ + static_cast<Number>(window_.size()));
    if (end - begin > 2 * inserted_ + kSlack) return false;
    if (begin < first_) {
      std::vector<std::unique_ptr<Page>> longer(first_ - begin);
      longer.reserve(end - begin);
      std::move(window_.begin(), window_.end(), std::back_inserter(longer));
      window_ = std::move(longer);
      const Number old_first = std::exchange(first_, begin);
      MoveToWindow(begin, old_first);
    }
    const auto size = static_cast<Number>(window_.size());
    window_.resize(end - begin);
    MoveToWindow(begin + size, end);
    return true;
  }

  // Moves the pages from `begin` to `end`, whose places are new.
  void MoveToWindow(Number begin, Number end) {
    if (others_.empty()) return;
    for (Number number = begin; number < end; ++number) {
      const auto it = others_.find(number);
      if (it == others_.end()) continue;
      window_[number - first_] = std::move(it->second);
      others_.erase(it);
    }
  }

  // Removes the places before the first page. Called before the window is moved, which takes as long.
  void TrimFront() {
    const auto used = std::find_if(window_.begin(), window_.end(), [](const auto& page) { return page != nullptr; });
    first_ += used - window_.begin();
    window_.erase(window_.begin(), used);
  }

  Number first_ = 0;
  std::vector<std::unique_ptr<Page>> window_;                  // The page of each number from `first_` on, or null.
  absl::flat_hash_map<Number, std::unique_ptr<Page>> others_;  // The pages outside of the window.
  std::int64_t inserted_ = 0;                                  // Includes pages that were erased.
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_PAGE_DIRECTORY_H_
