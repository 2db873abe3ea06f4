// TraceFile: writes a structured log in the format of PyTorch's TORCH_TRACE, which tlparse and other tools read.
//
// Pass Sink() to a describer or converter as its `trace_sink`. Write() adds your own records, with names that the tools
// know. Not for progress or error messages: each record costs a system call, and the tools accept no other lines.
//
// Example:
//   absl::StatusOr<std::shared_ptr<TraceFile>> file = TraceFile::Create("/tmp/trace", {.rank = 3});
//   if (!file.ok()) return file.status();
//   MetaConverter converter({.describer = {.trace_sink = TraceFile::Sink(*file)}});
//   {
//     const CompileContext context({.compile_id = {.frame_id = 0, .frame_compile_id = 0}});
//     converter.Convert(tensor, {.source = "L['x']"});
//   }
//   return (*file)->status();
//
// This writes three records to /tmp/trace/dedicated_log_torch_trace_rank_3_XXXXXX.log. The first, on one line:
//   V0401 12:00:00.123456 4711 describer/trace_file.cc:150] {"describe_storage":{"id":0,"describer_id":0,"size":16},
//   "rank":3,"frame_id":0,"frame_compile_id":0,"attempt":0}
//
// The prefix has the local time, the process id, and the source file and line that wrote the record. A record outside
// of any CompileContext has the stack of its caller, outermost function first. File names in stacks are numbers; a
// record named "str" defines each number. A payload follows its record, with a tab in front of each line, and the entry
// "has_payload" of the record is the MD5 of the payload.
//
// Thread safety: Thread-safe. Records of several threads are not interleaved.
// Lifetime: the file is closed when its last owner is destroyed, sinks included; it is never deleted. After fork() the
// child process must Create() a new file, because parent and child would define the same "str" numbers differently.
// Source: `trace_structured`, `TorchLogsFormatter`, `LazyTraceHandler` of torch/_logging/_internal.py;
// torch/_logging/structured.py.

#ifndef METACONV_DESCRIBER_TRACE_FILE_H_
#define METACONV_DESCRIBER_TRACE_FILE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "describer/trace_sink.h"
#include "meta/mutex.h"
#include "nlohmann/json.hpp"

namespace metaconv {

struct TraceFileOptions {
  // The rank of this process in distributed training. It is part of the file name and of each record.
  std::optional<std::uint32_t> rank = {};
  // Whether records outside of any CompileContext have a stack. The first record of each call site then takes longer.
  bool stacks = true;
};

class TraceFile {
 public:
  // Creates a file with a unique name in `directory`, which corresponds to the value of TORCH_TRACE. Creates the
  // directory if it does not exist.
  // Errors: kUnavailable with the path and the reason.
  static absl::StatusOr<std::shared_ptr<TraceFile>> Create(const std::filesystem::path& directory,
                                                           const TraceFileOptions& options = {});

  // Returns a sink that writes to `file` and shares its ownership. status() returns the errors of its writes.
  static TraceSink Sink(std::shared_ptr<TraceFile> file);

  ~TraceFile();

  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // Writes one record: the entry `name` with `metadata`, the rank, the compile id or the stack, and the payload. Each
  // invalid UTF-8 byte is replaced by U+FFFD. `source_file` and `source_line` are those of the caller.
  // Errors: kInvalidArgument if `name` is reserved for other entries of a record; the error of status(). After an error
  // the record is not in the file.
  absl::Status Write(std::string_view name, const nlohmann::ordered_json& metadata,
                     std::optional<std::string_view> payload = std::nullopt, const char* source_file = __builtin_FILE(),
                     int source_line = __builtin_LINE()) ABSL_LOCKS_EXCLUDED(mutex_);

  // OK until a record cannot be written; from then on kUnavailable, with the path and the reason. The file then ends
  // with the last complete record.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string& path() const { return path_; }

 private:
  TraceFile(std::string path, int fd, const TraceFileOptions& options)
      : path_(std::move(path)), fd_(fd), options_(options) {}

  // Returns the stack frame for a return address. Appends a "str" record to `lines` if the file name is new.
  nlohmann::ordered_json FrameJson(void* address, const std::string& prefix, std::string& lines)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Append(std::string_view lines) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const int fd_;
  const TraceFileOptions options_;
  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::int64_t> strings_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<void*, nlohmann::ordered_json> frames_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TRACE_FILE_H_
