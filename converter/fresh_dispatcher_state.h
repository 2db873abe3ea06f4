// FreshDispatcherState: a scope in which the thread's dispatcher state is that of a newly started thread.
//
// Conversion must not depend on state that the caller has changed: excluded autograd and view tracking keys,
// functionalization, and functorch transforms.
//
// Example:
//   const FreshDispatcherState fresh;   // Active until the end of the scope.
//
// Thread safety: changes the state of the calling thread only.
// Lifetime: restores the previous state when the scope ends.

#ifndef METACONV_CONVERTER_FRESH_DISPATCHER_STATE_H_
#define METACONV_CONVERTER_FRESH_DISPATCHER_STATE_H_

#include <optional>

#include "c10/core/DispatchKeySet.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "kinds/functorch_stack.h"

namespace metaconv {

class FreshDispatcherState {
 public:
  FreshDispatcherState() {
    if (!IsFresh()) state_.emplace();
  }

  // Whether the state is fresh already. It is in nearly all cases, and a scope then changes nothing.
  static bool IsFresh() {
    const c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
    return keys.included_ == c10::default_included_set && keys.excluded_ == c10::default_excluded_set &&
           FunctorchStack::IsEmpty();
  }

 private:
  struct State {
    const FunctorchScope no_functorch;
    const c10::impl::ForceDispatchKeyGuard guard{c10::default_included_set, c10::default_excluded_set};
  };

  std::optional<State> state_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FRESH_DISPATCHER_STATE_H_
