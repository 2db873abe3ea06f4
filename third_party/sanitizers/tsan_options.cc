// Options of ThreadSanitizer. See BUILD.

extern "C" const char* __tsan_default_options() {
  return "halt_on_error=0:second_deadlock_stack=1:history_size=4:"
         "allocator_may_return_null=1:print_suppressions=0";
}

extern "C" const char* __tsan_default_suppressions() {
  return
#include "third_party/sanitizers/tsan_supp.inc"
      ;
}
