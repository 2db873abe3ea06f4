// CompileContext: a scope in which the trace records of the current thread have the id of a compilation.
//
// Tools such as tlparse group records by compilation. A record that is written outside of any context has the stack of
// its caller instead. Programs that compile nothing need no context.
//
// Example:
//   const CompileContext context({.compile_id = {.frame_id = 0, .frame_compile_id = 2}});
//   // Writes {"describe_source":{…},"frame_id":0,"frame_compile_id":2,"attempt":0}, among others.
//   converter.Convert(tensor, {.source = "L['x']"});
//
// Thread safety: affects the constructing thread only, and must be destroyed on it.
// Lifetime: contexts nest; the destructor restores the enclosing context.
// Source: `CompileId`, `TraceId`, `CompileContext` of torch/_guards.py.

#ifndef METACONV_DESCRIBER_COMPILE_CONTEXT_H_
#define METACONV_DESCRIBER_COMPILE_CONTEXT_H_

#include <cstdint>
#include <optional>

namespace metaconv {

// The numbers are unsigned because the tools do not accept negative numbers.
struct CompileId {
  std::optional<std::uint32_t> compiled_autograd_id = {};
  std::optional<std::uint32_t> frame_id = {};          // The number of the compiled function.
  std::optional<std::uint32_t> frame_compile_id = {};  // How often that function was compiled before.
};

struct TraceId {
  CompileId compile_id = {};
  std::uint32_t attempt = 0;  // How often this compilation was restarted.
};

class CompileContext {
 public:
  explicit CompileContext(const TraceId& trace_id);
  ~CompileContext();

  CompileContext(const CompileContext&) = delete;
  CompileContext& operator=(const CompileContext&) = delete;

  // The id of the innermost context on this thread; nullopt outside of any context.
  static std::optional<TraceId> CurrentTraceId();

 private:
  const TraceId trace_id_;
  const CompileContext* const outer_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_COMPILE_CONTEXT_H_
