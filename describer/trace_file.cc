#include "describer/trace_file.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "describer/compile_context.h"
#include "md5.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

absl::Status CannotWrite(const std::string& path, const std::string& reason) {
  return absl::UnavailableError(absl::StrCat(path, ": cannot write a trace: ", reason));
}

// Escapes like Python's json.dumps: the result contains ASCII characters only.
std::string Dump(const Json& json) { return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace); }

// Returns `text` with each invalid UTF-8 byte replaced by U+FFFD, as in Dump().
std::string ToUtf8(std::string_view text) { return Json::parse(Dump(Json(text))).get<std::string>(); }

std::string Prefix(const char* source_file, int source_line) {
  const std::string time = absl::FormatTime("V%m%d %H:%M:%E6S", absl::Now(), absl::LocalTimeZone());
  return absl::StrCat(time, " ", getpid(), " ", source_file, ":", source_line, "] ");
}

absl::Status CheckName(std::string_view name) {
  // The names of other entries of records, and of the entries that tlparse adds.
  constexpr std::array kTaken = {"rank",         "compiled_autograd_id",
                                 "frame_id",     "frame_compile_id",
                                 "attempt",      "severity",
                                 "timestamp",    "pathname",
                                 "thread",       "stack",
                                 "str",          "has_payload",
                                 "subgraph_name"};
  if (std::find(kTaken.begin(), kTaken.end(), name) == kTaken.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("trace record: expected a name that is not reserved, found '", std::string(name), "'"));
}

void AddCompilation(const TraceId& trace_id, Json& record) {
  const auto add = [&](const char* name, const std::optional<std::uint32_t>& id) {
    if (id.has_value()) record[name] = *id;
  };
  add("compiled_autograd_id", trace_id.compile_id.compiled_autograd_id);
  add("frame_id", trace_id.compile_id.frame_id);
  add("frame_compile_id", trace_id.compile_id.frame_compile_id);
  record["attempt"] = trace_id.attempt;
}

std::string Md5(std::string_view text) {
  std::array<char, MD5_DIGEST_STRING_LENGTH> digest;
  return MD5Data(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
}

// The return addresses on the stack, outermost first, up to and including `innermost`.
std::vector<void*> StackAddresses(void* innermost) {
  constexpr int kMaxDepth = 256;
  std::vector<void*> addresses(kMaxDepth);
  addresses.resize(backtrace(addresses.data(), kMaxDepth));
  const auto begin = std::find(addresses.begin(), addresses.end(), innermost);
  if (begin != addresses.end()) addresses.erase(addresses.begin(), begin);
  std::reverse(addresses.begin(), addresses.end());
  return addresses;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TraceFile>> TraceFile::Create(const std::filesystem::path& directory,
                                                             const TraceFileOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return CannotWrite(directory.native(), error.message());
  const std::string rank = options.rank.has_value() ? absl::StrCat("rank_", *options.rank, "_") : "";
  std::string path = directory / absl::StrCat("dedicated_log_torch_trace_", rank, "XXXXXX.log");
  const int fd = mkostemps(path.data(), std::strlen(".log"), O_APPEND | O_CLOEXEC);
  if (fd < 0) return CannotWrite(path, std::strerror(errno));
  return std::shared_ptr<TraceFile>(new TraceFile(std::move(path), fd, options));
}

TraceFile::~TraceFile() { close(fd_); }

TraceSink TraceFile::Sink(std::shared_ptr<TraceFile> file) {
  return [file = std::move(file)](std::string_view name, const Json& metadata) {
    file->Write(name, metadata).IgnoreError();
  };
}

absl::Status TraceFile::Write(std::string_view name, const Json& metadata, std::optional<std::string_view> payload,
                              const char* source_file, int source_line) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  const std::string prefix = Prefix(source_file, source_line);
  const std::optional<TraceId> trace_id = CompileContext::CurrentTraceId();
  std::vector<void*> stack;
  if (!trace_id.has_value() && options_.stacks) stack = StackAddresses(__builtin_return_address(0));

  Json record = Json::object();
  record[std::string(name)] = metadata;
  if (options_.rank.has_value()) record["rank"] = *options_.rank;
  if (trace_id.has_value()) AddCompilation(*trace_id, record);
  std::string payload_lines;
  std::string hash;
  if (payload.has_value()) {
    const std::string text = ToUtf8(*payload);
    hash = Md5(text);
    for (const absl::string_view line : absl::StrSplit(text, '\n')) absl::StrAppend(&payload_lines, "\t", line, "\n");
  }

  const MutexLock lock(mutex_);
  if (!status_.ok()) return status_;
  std::string lines;
  for (void* address : stack) record["stack"].push_back(FrameJson(address, prefix, lines));
  if (payload.has_value()) record["has_payload"] = hash;
  absl::StrAppend(&lines, prefix, Dump(record), "\n", payload_lines);
  status_ = Append(lines);
  return status_;
}

absl::Status TraceFile::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

// Note [Stacks in traces]
// The reference writes the stack of the Python program. We write the stack of the C++ program, up to the caller of
// Write(). A frame has the name of the function from the symbol table, and as its file name the path of the program or
// shared library. The line is 0 and the source text is empty, because both would need debug information.
Json TraceFile::FrameJson(void* address, const std::string& prefix, std::string& lines) {
  const auto [frame, is_new] = frames_.try_emplace(address);
  if (!is_new) return frame->second;
  constexpr const char* kUnknown = "??";
  // The call instruction precedes the return address.
  void* const call = static_cast<char*>(address) - 1;
  char function[1024];
  const bool has_name = absl::Symbolize(call, function, sizeof(function));
  Dl_info object = {};
  const bool has_file = dladdr(call, &object) != 0 && object.dli_fname != nullptr;
  const auto [string, is_new_string] =
      strings_.try_emplace(has_file ? object.dli_fname : kUnknown, static_cast<std::int64_t>(strings_.size()));
  if (is_new_string) {
    Json record = Json::object();
    record["str"] = Json::array({string->first, string->second});
    absl::StrAppend(&lines, prefix, Dump(record), "\n");
  }
  frame->second = {{"line", 0}, {"name", has_name ? function : kUnknown}, {"filename", string->second}, {"loc", ""}};
  return frame->second;
}

absl::Status TraceFile::Append(std::string_view lines) {
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(written);
    } else if (errno != EINTR) {
      const int error = errno;
      // Removes the part of the record that was written.
      const off_t end = lseek(fd_, 0, SEEK_END) - static_cast<off_t>(lines.size() - rest.size());
      if (ftruncate(fd_, end) != 0) {
        return CannotWrite(path_, absl::StrCat(std::strerror(error), "; the file ends within a record"));
      }
      return CannotWrite(path_, std::strerror(error));
    }
  }
  return absl::OkStatus();
}

}  // namespace metaconv
