// Options of AddressSanitizer and LeakSanitizer. See BUILD.

extern "C" const char* __asan_default_options() {
  return
      // In the stack frames that GCC 12 creates for this check, variables are aligned to at most 32 bytes. UBSan would
      // report each variable with a larger alignment, such as a mutex aligned to a cache line.
      "detect_stack_use_after_return=0:"
      // Tests request more memory than is available, and expect the allocation to fail.
      "allocator_may_return_null=1:"
      // Check the order of static initialization across files.
      "check_initialization_order=1:strict_init_order=1:"
      "strict_string_checks=1";
}

extern "C" const char* __lsan_default_suppressions() {
  return
#include "third_party/sanitizers/lsan_supp.inc"
      ;
}

extern "C" const char* __lsan_default_options() {
  // Do not print the list of used suppressions at the end of each test.
  return "print_suppressions=0";
}
