// Indirect: a value in an allocation of its own, which is made when the value is first written. Reading a value that
// was never written gives a default-constructed one, so readers need no check.
//
// For fields that few objects have: one that is not in use takes 8 bytes. Otherwise use a plain member or
// std::optional.
//
// Example:
//   struct Record {
//     int id = 0;
//     Indirect<Rare> rare;
//   };
//   Record record = {.id = 1, .rare = Rare{.level = 3}};
//   record.rare->level;          // 3
//   record.rare.Edit().name = "x";
//   Record().rare->level;        // The default of Rare::level; allocates nothing.
//
// Thread safety: that of the value. A const object may be read from any thread.
// Lifetime: owns its value; a copy owns a copy.

#ifndef METACONV_META_INDIRECT_H_
#define METACONV_META_INDIRECT_H_

#include <memory>
#include <utility>

namespace metaconv {

template <typename T>
class Indirect {
 public:
  Indirect() = default;
  Indirect(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: implicit, like std::optional.

  Indirect(const Indirect& other) : value_(other.has_value() ? std::make_unique<T>(*other) : nullptr) {}
  Indirect& operator=(const Indirect& other) {
    if (this != &other) value_ = other.has_value() ? std::make_unique<T>(*other) : nullptr;
    return *this;
  }
  Indirect(Indirect&&) noexcept = default;
  Indirect& operator=(Indirect&&) noexcept = default;

  // Whether the value was written.
  bool has_value() const { return value_ != nullptr; }

  const T& operator*() const { return has_value() ? *value_ : Default(); }
  const T* operator->() const { return &**this; }

  // The value for writing; a new one if there was none.
  T& Edit() {
    if (!has_value()) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  static const T& Default() {
    static const T& value = *new T();
    return value;
  }

  std::unique_ptr<T> value_;
};

}  // namespace metaconv

#endif  // METACONV_META_INDIRECT_H_
