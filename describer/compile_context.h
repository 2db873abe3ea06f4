// CompileContext: while it lives, the trace records of this thread name the compilation that they belong to.
//
// Tools show the records of one compilation together. Records that are written outside of any context name the stack of
// their caller in its place.
//
// Example:
//   const CompileContext context({.compile_id = {.frame_id = 0, .frame_compile_id = 2}});
//   converter.Convert(tensor, {.source = "L['x']"});   // {"describe_source": …, "frame_id":0,"frame_compile_id":2,"attempt":0}
//
// Thread safety: affects the constructing thread only, and must be destroyed on it.
// Lifetime: scopes nest; the end of each restores what was before it.
// Source: `CompileId`, `TraceId`, `CompileContext` of torch/_guards.py.

#ifndef METACONV_DESCRIBER_COMPILE_CONTEXT_H_
#define METACONV_DESCRIBER_COMPILE_CONTEXT_H_

#include <cstdint>
#include <optional>

namespace metaconv {

// Numbers without a sign: tools read no others.
struct CompileId {
  std::optional<std::uint32_t> compiled_autograd_id = {};
  std::optional<std::uint32_t> frame_id = {};          // Which function of the program is compiled.
  std::optional<std::uint32_t> frame_compile_id = {};  // How often it was compiled before.
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

  // That of the innermost context on this thread; none outside of any.
  static std::optional<TraceId> CurrentTraceId();

 private:
  const TraceId trace_id_;
  const CompileContext* const outer_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_COMPILE_CONTEXT_H_
