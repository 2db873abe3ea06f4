// FreshDispatcherState: the dispatcher as a thread finds it when it starts.
//
// Conversion must not depend on what the caller has switched on or off around it: autograd, view tracking,
// functionalization, and the transforms of functorch.
//
// Example:
//   const FreshDispatcherState fresh;   // Until the end of the scope.
//
// Thread safety: changes the state of its own thread only.
// Lifetime: puts back what was there.

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

 private:
  struct State {
    const FunctorchScope no_functorch{{}};
    const c10::impl::ForceDispatchKeyGuard guard{c10::default_included_set, c10::default_excluded_set};
  };

  // As nearly always.
  static bool IsFresh() {
    const c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
    return keys.included_ == c10::default_included_set && keys.excluded_ == c10::default_excluded_set &&
           FunctorchStack::IsEmpty();
  }

  std::optional<State> state_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FRESH_DISPATCHER_STATE_H_
