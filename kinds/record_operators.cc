#include "kinds/record_operators.h"

#include <memory>
#include <utility>

#include "ATen/core/operator_name.h"
#include "ATen/record_function.h"
#include "absl/status/statusor.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

struct Observed {
  std::string name;
  std::vector<c10::IValue> inputs;
  std::vector<c10::IValue> outputs;
};

// RecordFunction's callbacks are plain functions, so the log is thread-local.
struct Log {
  int depth = 0;
  std::vector<Observed> calls;
};
thread_local Log* current_log = nullptr;

std::unique_ptr<at::ObserverContext> OnStart(const at::RecordFunction& function) {
  if (current_log != nullptr && current_log->depth++ == 0) {
    Observed& call = current_log->calls.emplace_back();
    if (const std::optional<c10::OperatorName> name = function.operator_name()) call.name = c10::toString(*name);
    call.inputs.assign(function.inputs().begin(), function.inputs().end());
  }
  return nullptr;
}

void OnEnd(const at::RecordFunction& function, at::ObserverContext*) {
  if (current_log != nullptr && --current_log->depth == 0) current_log->calls.back().outputs = function.outputs();
}

class LogScope {
 public:
  explicit LogScope(Log& log)
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(OnStart, OnEnd)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {
    current_log = &log;
  }
  ~LogScope() {
    current_log = nullptr;
    at::removeCallback(handle_);
  }
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  const at::RecordFunctionGuard enabled_;
  const at::CallbackHandle handle_;
};

// Excludes autograd and functorch transforms, because both would wrap the tensors that the operators get.
class BelowAutograd {
 public:
  BelowAutograd()
      : guard_(c10::default_included_set.remove(c10::DispatchKey::ADInplaceOrView),
               c10::default_excluded_set | c10::autograd_dispatch_keyset_with_ADInplaceOrView) {}

 private:
  const c10::impl::ForceDispatchKeyGuard guard_;
};

// The position of `tensor` in the outputs: nullopt if it is not an output; an empty index if it is the only output.
std::optional<std::optional<std::size_t>> FindOutput(const std::vector<c10::IValue>& outputs,
                                                     const at::Tensor& tensor) {
  if (outputs.size() != 1) return std::nullopt;
  if (outputs[0].isTensor()) {
    if (!outputs[0].toTensor().is_same(tensor)) return std::nullopt;
    return std::optional<std::size_t>();
  }
  if (!outputs[0].isTensorList()) return std::nullopt;
  const std::vector<at::Tensor> list = outputs[0].toTensorVector();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_same(tensor)) return std::optional<std::size_t>(i);
  }
  return std::nullopt;
}

// The tensor that `call` is applied to. Undefined if `call` is not an operator or its first argument is not a tensor.
at::Tensor AppliedTo(const Observed& call) {
  const bool is_applied = !call.name.empty() && !call.inputs.empty() && call.inputs[0].isTensor();
  return is_applied ? call.inputs[0].toTensor() : at::Tensor();
}

// Converts the log to a chain of calls: each call is applied to an output of the previous one, and the last one returns
// `result`. Returns nullopt if the log is not such a chain.
std::optional<std::vector<OperatorCall>> AsChain(std::vector<Observed> observed, const at::Tensor& base,
                                                 const at::Tensor& result) {
  if (observed.empty() || !AppliedTo(observed[0]).is_same(base)) return std::nullopt;
  std::vector<OperatorCall> calls;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const at::Tensor next = i + 1 == observed.size() ? result : AppliedTo(observed[i + 1]);
    const auto output = FindOutput(observed[i].outputs, next);
    if (!output.has_value()) return std::nullopt;
    observed[i].inputs[0] = c10::IValue();
    calls.push_back({std::move(observed[i].name), std::move(observed[i].inputs), *output});
  }
  return calls;
}

}  // namespace

std::optional<std::vector<OperatorCall>> RecordOperators(const at::Tensor& base,
                                                         absl::FunctionRef<at::Tensor(const at::Tensor&)> function) {
  Log log;
  const absl::StatusOr<at::Tensor> result = CatchTorch("recording operators", [&] {
    const BelowAutograd below;
    const LogScope scope(log);
    return function(base);
  });
  if (!result.ok()) return std::nullopt;
  return AsChain(std::move(log.calls), base, *result);
}

}  // namespace metaconv
