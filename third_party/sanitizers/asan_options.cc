// AddressSanitizer's and LeakSanitizer's settings; see BUILD.

extern "C" const char* __asan_default_options() {
  return
      // GCC 12 does not align variables to more than 32 bytes in the frames that it makes for this, and UBSan then
      // reports each one that asks for more, such as a mutex with a cache line of its own.
      "detect_stack_use_after_return=0:"
      // Tests ask for more memory than there is, and want to hear that.
      "allocator_may_return_null=1:"
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
