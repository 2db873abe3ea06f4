#include "tests/cuda/fake_cudart/fake_cudart.h"

#include <utility>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv {

using fake_cudart::Block;
using fake_cudart::MemoryKind;
using fake_cudart::StateLock;
using fake_cudart::Stream;

void FakeCudart::Reset(const Options& options) {
  StateLock state;
  EndStreams(state);
  state->streams = {};
  state->events = {};
  state->captures = {};
  state->memory = {};
  state->devices = {};
  state->records = {};
  state->options = options;
  fake_cudart::ForgetDriver();
  fake_cudart::SetCurrentDevice(0);
  fake_cudart::ForgetThreadMode();
  static_cast<void>(cudaGetLastError());
}

void FakeCudart::Configure(const Options& options) {
  StateLock state;
  state->options = options;
}

FakeCudart::Options FakeCudart::CurrentOptions() {
  StateLock state;
  return state->options;
}

void FakeCudart::FailNext(const std::string& name, cudaError_t error, int after) {
  StateLock state;
  state->records.calls_to_fail.insert({name, {after, error}});
}

void FakeCudart::FailNextWork(const std::string& part_of_name, cudaError_t error) {
  StateLock state;
  state->records.work_to_fail.push_back({part_of_name, error});
}

void FakeCudart::Break(int device, cudaError_t error) {
  StateLock state;
  Fail(state, device, error);
}

void FakeCudart::SetPendingError(cudaError_t error) { static_cast<void>(fake_cudart::Pending(error)); }

void FakeCudart::BlockStream(cudaStream_t stream) {
  StateLock state;
  if (const std::shared_ptr<Stream> found = FindStream(state, stream)) SetBlocked(state, *found, true);
}

void FakeCudart::ReleaseStream(cudaStream_t stream) {
  StateLock state;
  if (const std::shared_ptr<Stream> found = FindStream(state, stream)) SetBlocked(state, *found, false);
}

void FakeCudart::RegisterKernel(const std::string& part_of_name, const std::vector<std::size_t>& argument_sizes,
                                KernelOnHost run) {
  StateLock state;
  state->kernels.on_host.push_back({part_of_name, argument_sizes, std::move(run)});
}

bool FakeCudart::CanAccess(const void* data, std::size_t size) {
  StateLock state;
  return Access(state, fake_cudart::RunningDevice(), data, size) != nullptr;
}

int FakeCudart::CallsOf(const std::string& name) {
  StateLock state;
  const auto found = state->records.calls.find(name);
  return found == state->records.calls.end() ? 0 : found->second;
}

int FakeCudart::Calls() {
  StateLock state;
  int calls = 0;
  for (const auto& [name, count] : state->records.calls) calls += count;
  return calls;
}

void FakeCudart::ForgetCalls() {
  StateLock state;
  state->records.calls.clear();
}

int FakeCudart::StartedWork() {
  StateLock state;
  return state->records.started_work;
}

int FakeCudart::FinishedWork() {
  StateLock state;
  return state->records.finished_work;
}

int FakeCudart::CapturedWork() {
  StateLock state;
  return state->records.captured_work;
}

FakeCudart::Live FakeCudart::LiveObjects() {
  StateLock state;
  Live live;
  for (const auto& [address, block] : state->memory.blocks) {
    live.device_memories += block.kind == MemoryKind::kDevice;
    live.pinned_memories += block.kind == MemoryKind::kPinned;
    live.registered_memories += block.kind == MemoryKind::kRegistered;
  }
  live.streams = static_cast<int>(state->streams.created.size());
  live.events = static_cast<int>(state->events.created.size());
  return live;
}

std::vector<unsigned int> FakeCudart::EventFlags() {
  StateLock state;
  return state->records.event_flags;
}

bool FakeCudart::HasContext(int device) {
  StateLock state;
  return state->devices[device].has_context;
}

cudaError_t FakeCudart::FaultOf(int device) {
  StateLock state;
  return state->devices[device].fault;
}

}  // namespace metaconv
