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

#include "c10/core/DispatchKeySet.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "kinds/functorch_stack.h"

namespace metaconv {

class FreshDispatcherState {
 public:
  FreshDispatcherState() : no_functorch_({}), guard_(c10::default_included_set, c10::default_excluded_set) {}

 private:
  const FunctorchScope no_functorch_;
  const c10::impl::ForceDispatchKeyGuard guard_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_FRESH_DISPATCHER_STATE_H_
