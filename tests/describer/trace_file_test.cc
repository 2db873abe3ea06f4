#include "describer/trace_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "describer/compile_context.h"
#include "describer/trace_sink.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using ::absl::StatusCode::kInvalidArgument;
using ::absl::StatusCode::kUnavailable;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr const char* kMd5OfHello = "5d41402abc4b2a76b9719d911017c592";
constexpr const char* kMd5OfNothing = "d41d8cd98f00b204e9800998ecf8427e";

std::string Folder() {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return absl::StrCat(testing::TempDir(), "/", test.name());
}

std::shared_ptr<TraceFile> Create(const TraceFileOptions& options = {.stacks = false}) {
  absl::StatusOr<std::shared_ptr<TraceFile>> file = TraceFile::Create(Folder(), options);
  EXPECT_THAT(file, IsOk());
  return file.value();
}

std::string Text(const TraceFile& file) {
  std::ifstream stream(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> Lines(const TraceFile& file) {
  const std::string text = Text(file);
  EXPECT_TRUE(text.empty() || text.back() == '\n') << text;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The JSON after the prefix of each line that has a prefix.
std::vector<Json> Records(const TraceFile& file) {
  static const std::regex& prefix = *new std::regex(R"(V\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ [^:]+:\d+\] )");
  std::vector<Json> records;
  for (const std::string& line : Lines(file)) {
    if (line.front() == '\t') continue;
    std::smatch match;
    const bool has_prefix = std::regex_search(line, match, prefix, std::regex_constants::match_continuous);
    EXPECT_TRUE(has_prefix) << line;
    if (has_prefix) records.push_back(Json::parse(match.suffix().str(), nullptr, /*allow_exceptions=*/false));
    EXPECT_TRUE(!has_prefix || records.back().is_object()) << line;
  }
  return records;
}

TEST(TraceFileTest, EachRecordIsALineWithAPrefix) {
  const std::shared_ptr<TraceFile> file = Create();
  EXPECT_THAT(file->Write("artifact", {{"name", "x"}}, std::nullopt, "a/b.cc", 12), IsOk());
  EXPECT_THAT(
      Lines(*file),
      ElementsAre(MatchesRegex(absl::StrCat("V[01][0-9][0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{6} ",
                                            getpid(), " a/b\\.cc:12\\] \\{\"artifact\":\\{\"name\":\"x\"\\}\\}"))));
  const int line = __LINE__ + 1;
  EXPECT_THAT(file->Write("artifact", Json::object()), IsOk());
  EXPECT_THAT(Lines(*file)[1], HasSubstr(absl::StrCat("tests/describer/trace_file_test.cc:", line, "] {")));
}

TEST(TraceFileTest, CreateMakesANewFile) {
  const std::shared_ptr<TraceFile> first = Create();
  const std::shared_ptr<TraceFile> second = Create();
  EXPECT_NE(first->path(), second->path());
  EXPECT_THAT(first->path(), MatchesRegex(".*/dedicated_log_torch_trace_[^_.]*\\.log"));
  EXPECT_EQ(Text(*first), "");
}

TEST(TraceFileTest, TheFileIsCompleteAfterItsOwnersAreDestroyed) {
  std::shared_ptr<TraceFile> file = Create();
  const std::string path = file->path();
  TraceSink sink = TraceFile::Sink(std::move(file));
  sink("artifact", {{"name", "x"}});
  EXPECT_TRUE(std::filesystem::exists(path));
  sink = nullptr;
  EXPECT_GT(std::filesystem::file_size(path), 0);
}

TEST(TraceFileTest, PayloadLinesAreIndentedAndTheRecordHasTheirMd5) {
  const std::shared_ptr<TraceFile> file = Create();
  const auto write = [&](std::string_view payload) {
    EXPECT_THAT(file->Write("artifact", {{"name", "x"}}, payload), IsOk());
  };
  write("hello");
  write("");
  write("a\n\nb\n");
  const std::vector<std::string> lines = Lines(*file);
  const std::vector<Json> records = Records(*file);
  ASSERT_EQ(records.size(), 3);
  EXPECT_EQ(records[0].at("has_payload"), kMd5OfHello);
  EXPECT_EQ(records[1].at("has_payload"), kMd5OfNothing);
  EXPECT_EQ(records[2].at("has_payload"), "3b89023ba6b3412d0f14ed0ae351b868");
  ASSERT_EQ(lines.size(), 9);
  EXPECT_EQ(lines[1], "\thello");
  EXPECT_EQ(lines[3], "\t");
  EXPECT_THAT((std::vector(lines.begin() + 5, lines.end())), ElementsAre("\ta", "\t", "\tb", "\t"));
}

TEST(TraceFileTest, BytesThatAreNotUtf8AreReplaced) {
  const std::shared_ptr<TraceFile> file = Create();
  EXPECT_THAT(file->Write("artifact", {{"name", "\xff\n\xc3\xa9"}}, "\xffpayload \xc3\xa9"), IsOk());
  const std::vector<std::string> lines = Lines(*file);
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[0], HasSubstr(R"({"name":"\ufffd\n\u00e9"})"));
  EXPECT_EQ(lines[1], "\t\xef\xbf\xbdpayload \xc3\xa9");
  EXPECT_EQ(Records(*file)[0].at("has_payload"), "a7024714d49331cc7e0ad6e2d8bbe401");
}

TEST(TraceFileTest, ReservedNamesAreRejected) {
  const std::shared_ptr<TraceFile> file = Create();
  for (const char* name : {"rank", "compiled_autograd_id", "frame_id", "frame_compile_id", "attempt", "severity",
                           "timestamp", "pathname", "thread", "subgraph_name", "stack", "str", "has_payload"}) {
    EXPECT_THAT(file->Write(name, Json::object()),
                StatusIs(kInvalidArgument,
                         Eq(absl::StrCat("trace record: expected a name that is not reserved, found '", name, "'"))));
  }
  EXPECT_EQ(Text(*file), "");
  EXPECT_THAT(file->status(), IsOk());
}

TEST(TraceFileTest, RecordsHaveTheRankAndTheCompileId) {
  const std::shared_ptr<TraceFile> file = Create({.rank = 0});
  EXPECT_THAT(file->path(), HasSubstr("/dedicated_log_torch_trace_rank_0_"));
  const auto write = [&](const TraceId& trace_id) {
    const CompileContext context(trace_id);
    EXPECT_THAT(file->Write("artifact", Json::object()), IsOk());
  };
  write({});
  write({.compile_id = {.frame_id = 1}});
  write({.compile_id = {.compiled_autograd_id = 1, .frame_id = 2, .frame_compile_id = 3}, .attempt = 4});
  std::vector<std::string> records;
  for (const Json& record : Records(*file)) records.push_back(record.dump());
  EXPECT_THAT(
      records,
      ElementsAre(
          R"({"artifact":{},"rank":0,"attempt":0})", R"({"artifact":{},"rank":0,"frame_id":1,"attempt":0})",
          R"({"artifact":{},"rank":0,"compiled_autograd_id":1,"frame_id":2,"frame_compile_id":3,"attempt":4})"));
}

// Not inlined, so that the stack has a frame for it.
[[gnu::noinline]] absl::Status WriteFromAFunctionWithAName(TraceFile& file) {
  absl::Status status = file.Write("artifact", Json::object());
  EXPECT_THAT(status, IsOk());
  return status;
}

TEST(TraceFileTest, RecordsOutsideOfACompileContextHaveTheStack) {
  const std::shared_ptr<TraceFile> file = Create({.stacks = true});
  for (int i = 0; i < 2; ++i) EXPECT_THAT(WriteFromAFunctionWithAName(*file), IsOk());
  std::vector<std::string> strings;
  std::vector<Json> stacks;
  for (const Json& record : Records(*file)) {
    if (record.contains("str")) {
      // A string is defined once, before its number is used.
      EXPECT_EQ(record.size(), 1);
      EXPECT_EQ(record.at("str").at(1), strings.size());
      strings.push_back(record.at("str").at(0));
    } else {
      stacks.push_back(record.at("stack"));
      for (const Json& frame : stacks.back()) {
        EXPECT_LT(frame.at("filename"), strings.size());
        EXPECT_TRUE(frame.at("line").is_number_integer());
      }
    }
  }
  EXPECT_EQ(std::set<std::string>(strings.begin(), strings.end()).size(), strings.size());
  ASSERT_EQ(stacks.size(), 2);
  // The outermost function comes first.
  std::vector<std::string> names;
  for (const Json& frame : stacks[0]) names.push_back(frame.at("name"));
  EXPECT_THAT(names, Contains(HasSubstr("main")));
  EXPECT_THAT(names.back(), HasSubstr("WriteFromAFunctionWithAName"));
}

TEST(TraceFileTest, RecordsOfSeveralThreadsAreNotInterleaved) {
  constexpr int kThreads = 8;
  constexpr int kRecords = 200;
  const std::shared_ptr<TraceFile> file = Create({.stacks = true});
  RunThreads(kThreads, [&](int thread) {
    const TraceSink sink = TraceFile::Sink(file);
    for (int i = 0; i < kRecords; ++i) {
      if (i % 2 == 0) {
        const CompileContext context({.compile_id = {.frame_id = thread}});
        sink("describe_source", {{"thread", thread}, {"id", i}});
      } else {
        EXPECT_THAT(file->Write("artifact", {{"thread", thread}, {"id", i}}, absl::StrCat("one\n", i)), IsOk());
      }
    }
  });
  // The records of each thread are in order and have the context of the thread. Each payload follows its record.
  std::vector<int> next(kThreads);
  const std::vector<std::string> lines = Lines(*file);
  int records = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t begin = lines[i].find("] {");
    ASSERT_NE(begin, std::string::npos) << lines[i];
    const Json record = Json::parse(lines[i].substr(begin + 2), nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(record.is_object()) << lines[i];
    if (record.contains("str")) continue;
    const bool has_payload = record.contains("artifact");
    const Json& metadata = record.at(has_payload ? "artifact" : "describe_source");
    const int thread = metadata.at("thread");
    EXPECT_EQ(metadata.at("id"), next[thread]++);
    ++records;
    EXPECT_EQ(record.contains("stack"), has_payload);
    if (!has_payload) {
      EXPECT_EQ(record.at("frame_id"), thread);
      continue;
    }
    ASSERT_LT(i + 2, lines.size());
    EXPECT_EQ(lines[i + 1], "\tone");
    EXPECT_EQ(lines[i + 2], absl::StrCat("\t", next[thread] - 1));
    i += 2;
  }
  EXPECT_EQ(records, kThreads * kRecords);
  EXPECT_THAT(file->status(), IsOk());
}

TEST(TraceFileTest, ADirectoryThatCannotBeCreatedIsAnError) {
  const std::string below_a_file = Create()->path() + "/trace";
  EXPECT_THAT(TraceFile::Create(below_a_file),
              StatusIs(kUnavailable, Eq(below_a_file + ": cannot write a trace: Not a directory")));
  EXPECT_THAT(TraceFile::Create(""), StatusIs(kUnavailable, HasSubstr(": cannot write a trace: ")));
  // No user can create files here, not even root.
  EXPECT_THAT(TraceFile::Create("/proc/self"),
              StatusIs(kUnavailable, AllOf(StartsWith("/proc/self/dedicated_log_torch_trace_"),
                                           HasSubstr(": cannot write a trace: "))));
}

// Calls `write` with the maximum file size set to `bytes`: writes beyond it fail, as on a full disk.
template <typename F>
void WithLimitedFiles(rlim_t bytes, F write) {
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit limit = {.rlim_cur = bytes, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  write();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
}

TEST(TraceFileTest, AfterAWriteErrorTheFileHasWholeRecordsOnly) {
  const std::shared_ptr<TraceFile> file = Create();
  const TraceSink sink = TraceFile::Sink(file);
  int written = 0;
  WithLimitedFiles(1000, [&] {
    while (file->status().ok() && written < 100) sink("artifact", {{"id", written++}});
  });
  EXPECT_THAT(file->status(), StatusIs(kUnavailable, Eq(file->path() + ": cannot write a trace: File too large")));
  ASSERT_GT(written, 1);
  const std::vector<Json> records = Records(*file);
  ASSERT_EQ(records.size(), written - 1);
  EXPECT_EQ(records.back().at("artifact").at("id"), written - 2);

  // Later records are not written either, even if there is space again.
  EXPECT_THAT(file->Write("artifact", Json::object()), StatusIs(kUnavailable, HasSubstr("File too large")));
  EXPECT_EQ(Records(*file).size(), records.size());
}

}  // namespace
}  // namespace metaconv
