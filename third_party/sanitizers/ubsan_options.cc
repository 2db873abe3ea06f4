// Options of UndefinedBehaviorSanitizer. See BUILD.

extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }
