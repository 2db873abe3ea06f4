// OperatorCount: counts this thread's calls of LibTorch's dispatcher during the lifetime of the object.
//
// Includes operators called by other operators. An operator counts once each time that it goes through the dispatcher.
//
// Example:
//   const OperatorCount operators;
//   work();
//   std::cout << operators.calls();
//
// Thread safety: for the thread that created it, with at most one object per thread. Other threads' calls do not count.

#ifndef METACONV_BENCHMARKS_GUARD_OPERATOR_COUNT_H_
#define METACONV_BENCHMARKS_GUARD_OPERATOR_COUNT_H_

#include <cstdint>
#include <memory>

#include "ATen/record_function.h"

namespace metaconv {

class OperatorCount {
 public:
  OperatorCount()
      : handle_(at::addGlobalCallback(at::RecordFunctionCallback(OnStart).scopes({at::RecordScope::FUNCTION}))) {
    calls_ = 0;
  }
  ~OperatorCount() { at::removeCallback(handle_); }
  OperatorCount(const OperatorCount&) = delete;
  OperatorCount& operator=(const OperatorCount&) = delete;

  std::int64_t calls() const { return calls_; }

 private:
  // LibTorch takes plain functions as callbacks, hence the static member functions.
  static std::unique_ptr<at::ObserverContext> OnStart(const at::RecordFunction&) {
    ++calls_;
    return nullptr;
  }

  static inline thread_local std::int64_t calls_ = 0;

  const at::CallbackHandle handle_;
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GUARD_OPERATOR_COUNT_H_
