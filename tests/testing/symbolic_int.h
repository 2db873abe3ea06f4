// MakeSymbolicInt: a symbolic integer that only has a name.
//
// Guarding on it, or computing with it, throws an exception: code that handles records must do neither.
//
// Example:
//   const c10::SymInt s0 = MakeSymbolicInt("s0");

#ifndef METACONV_TESTS_TESTING_SYMBOLIC_INT_H_
#define METACONV_TESTS_TESTING_SYMBOLIC_INT_H_

#include <string>
#include <utility>

#include "c10/core/SymInt.h"
#include "c10/core/SymNodeImpl.h"
#include "c10/util/intrusive_ptr.h"

namespace metaconv {

class NamedSymNode : public c10::SymNodeImpl {
 public:
  explicit NamedSymNode(std::string name) : name_(std::move(name)) {}

  bool is_int() override { return true; }
  bool is_bool() override { return false; }
  bool is_float() override { return false; }
  bool has_hint() override { return false; }
  std::string str() override { return name_; }

 private:
  const std::string name_;
};

inline c10::SymInt MakeSymbolicInt(std::string name) {
  return c10::SymInt(c10::SymNode(c10::make_intrusive<NamedSymNode>(std::move(name))));
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_SYMBOLIC_INT_H_
