// AddressSanitizer's and LeakSanitizer's settings; see BUILD.

extern "C" const char* __asan_default_options() {
  return
      // Pointers to a returned function's variables are found too.
      "detect_stack_use_after_return=1:"
      // Order of static initialization across files.
      "check_initialization_order=1:strict_init_order=1:"
      "strict_string_checks=1";
}

extern "C" const char* __lsan_default_suppressions() {
  return
#include "third_party/sanitizers/lsan_supp.inc"
      ;
}

extern "C" const char* __lsan_default_options() {
  // No list of the suppressions that were used at the end of each test.
  return "print_suppressions=0";
}
