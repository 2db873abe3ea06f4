// TraceFile: a structured log as PyTorch writes it under TORCH_TRACE, for tlparse and other tools that read those logs.
//
// Pass Sink() to a describer or converter as its `trace_sink`. Write() adds records of your own, under names that the
// tools know. Not for progress or error messages: each record is a system call, and the tools read no other lines.
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
// This leaves three records in /tmp/trace/dedicated_log_torch_trace_rank_3_XXXXXX.log. The first, on one line:
//   V0401 12:00:00.123456 4711 describer/trace_file.cc:150] {"describe_storage":{"id":0,"describer_id":0,"size":16},
//   "rank":3,"frame_id":0,"frame_compile_id":0,"attempt":0}
//
// The prefix is local time, process id and the place that wrote the record. A record outside of any CompileContext has
// the stack of its caller, outermost function first; file names in it are numbers, which records named "str" explain.
// A payload follows its record, each line after a tab, and the record has its MD5 as "has_payload".
//
// Thread safety: Thread-safe. Records of several threads follow each other in whole lines.
// Lifetime: the file is closed when the last owner, sinks included, is gone; it is never deleted. After fork() the child
// must Create() a file of its own: in the parent's, the numbers of its texts would mean others.
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
  // Of this process, where several work together: goes into the file's name and into each record.
  std::optional<std::uint32_t> rank = {};
  // Whether records outside of any CompileContext have a stack. The first record of each call site takes longer.
  bool stacks = true;
};

class TraceFile {
 public:
  // Opens a new file, which no other process has, in `directory`, which is made if need be: what TORCH_TRACE names.
  // Errors: kUnavailable with the path and the reason.
  static absl::StatusOr<std::shared_ptr<TraceFile>> Create(const std::filesystem::path& directory,
                                                           const TraceFileOptions& options = {});

  // Writes what it is given to `file`, which it keeps open. Errors are kept: see status().
  static TraceSink Sink(std::shared_ptr<TraceFile> file);

  ~TraceFile();

  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // Writes one record: the entry `name` with `metadata`, the rank, the compilation or the stack, and the payload. In text
  // that is not UTF-8, each wrong byte becomes U+FFFD. `source_file` and `source_line` are the caller's.
  // Errors: kInvalidArgument for a name that records have entries of; that of status(), and then nothing was written.
  absl::Status Write(std::string_view name, const nlohmann::ordered_json& metadata,
                     std::optional<std::string_view> payload = std::nullopt, const char* source_file = __builtin_FILE(),
                     int source_line = __builtin_LINE()) ABSL_LOCKS_EXCLUDED(mutex_);

  // kUnavailable, with the path and the reason, from the first record on that could not be written. The file ends with
  // the last whole record before it.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string& path() const { return path_; }

 private:
  TraceFile(std::string path, int fd, const TraceFileOptions& options)
      : path_(std::move(path)), fd_(fd), options_(options) {}

  // The entry of one function in a stack. Adds lines to `lines` for the texts in it that are new.
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
