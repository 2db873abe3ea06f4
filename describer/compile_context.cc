#include "describer/compile_context.h"

#include <utility>

namespace metaconv {
namespace {

thread_local const CompileContext* innermost = nullptr;

}  // namespace

CompileContext::CompileContext(const TraceId& trace_id) : trace_id_(trace_id), outer_(std::exchange(innermost, this)) {}

CompileContext::~CompileContext() { innermost = outer_; }

std::optional<TraceId> CompileContext::CurrentTraceId() {
  if (innermost == nullptr) return std::nullopt;
  return innermost->trace_id_;
}

}  // namespace metaconv
