#include "checkpoint/io/zip_directory.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

absl::StatusOr<std::vector<ZipMember>> Read(const std::string& path) {
  const absl::StatusOr<File> file = File::Open(path);
  return file.ok() ? ReadZipDirectory(*file) : file.status();
}

absl::StatusOr<std::vector<ZipMember>> ReadBytes(std::string_view bytes) { return Read(WriteFile("test.zip", bytes)); }

// --- The records of an archive. ---

std::string LocalHeader(std::string_view name, std::string_view extra) {
  return "PK\3\4" + std::string(22, '\0') + LittleEndian(name.size(), 2) + LittleEndian(extra.size(), 2) +
         std::string(name) + std::string(extra);
}

struct Numbers {
  std::uint32_t size = 0;
  std::uint32_t compressed_size = 0;
  std::uint32_t offset = 0;
};

std::string Member(std::string_view name, const Numbers& numbers, std::string_view extra = "",
                   std::string_view comment = "") {
  return "PK\1\2" + std::string(16, '\0') + LittleEndian(numbers.compressed_size, 4) + LittleEndian(numbers.size, 4) +
         LittleEndian(name.size(), 2) + LittleEndian(extra.size(), 2) + LittleEndian(comment.size(), 2) +
         std::string(8, '\0') + LittleEndian(numbers.offset, 4) + std::string(name) + std::string(extra) +
         std::string(comment);
}

std::string End(std::uint64_t members, std::uint64_t size, std::uint64_t offset, std::string_view comment = "") {
  return "PK\5\6" + std::string(4, '\0') + LittleEndian(members, 2) + LittleEndian(members, 2) + LittleEndian(size, 4) +
         LittleEndian(offset, 4) + LittleEndian(comment.size(), 2) + std::string(comment);
}

// The two records that precede the end of a large archive, of which the first is at `at`.
std::string LargeEnd(std::uint64_t members, std::uint64_t size, std::uint64_t offset, std::uint64_t at) {
  return "PK\6\6" + LittleEndian(44, 8) + std::string(12, '\0') + LittleEndian(members, 8) + LittleEndian(members, 8) +
         LittleEndian(size, 8) + LittleEndian(offset, 8) + "PK\6\7" + LittleEndian(0, 4) + LittleEndian(at, 8) +
         LittleEndian(1, 4);
}

std::string LargeField(const std::vector<std::uint64_t>& numbers) {
  std::string field = LittleEndian(1, 2) + LittleEndian(8 * numbers.size(), 2);
  for (const std::uint64_t number : numbers) field += LittleEndian(number, 8);
  return field;
}

// An archive of one member without data.
std::string Archive(const std::string& member) {
  const std::string local = LocalHeader("a", "");
  return local + member + End(1, member.size(), local.size());
}

TEST(ZipDirectoryTest, MembersOfAnArchive) {
  const std::string text = Repeat("text", 1000);
  const std::string path = WriteZip("members.zip", {{"a/é", text}, {"b", ""}}, ZipMethod::kDeflated);
  const absl::StatusOr<std::vector<ZipMember>> members = Read(path);
  ASSERT_THAT(members, IsOk());
  ASSERT_THAT(*members, SizeIs(2));
  const ZipMember& first = (*members)[0];
  EXPECT_EQ(first.name, "a/é");
  EXPECT_EQ(first.size, text.size());
  EXPECT_LT(first.compressed_size, text.size());
  EXPECT_EQ(first.method, ZipMember::kDeflated);
  EXPECT_EQ(first.crc32, crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
  EXPECT_FALSE(first.is_encrypted);
  EXPECT_EQ((*members)[1].name, "b");
  EXPECT_EQ((*members)[1].size, 0u);
}

TEST(ZipDirectoryTest, OffsetsOfTheData) {
  const std::string path = WriteZip("offsets.zip", {{"a", "first"}, {"b", "second"}});
  const absl::StatusOr<File> file = File::Open(path);
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<std::vector<ZipMember>> members = ReadZipDirectory(*file);
  ASSERT_THAT(members, IsOk());
  const std::string bytes = ReadFile(path);
  for (const auto& [member, content] : {std::pair((*members)[0], "first"), std::pair((*members)[1], "second")}) {
    const absl::StatusOr<std::uint64_t> offset = ReadZipDataOffset(*file, member);
    ASSERT_THAT(offset, IsOk());
    EXPECT_EQ(bytes.substr(static_cast<std::size_t>(*offset), member.size), content);
  }
}

TEST(ZipDirectoryTest, DataWithoutALocalHeader) {
  const std::string path = WriteZip("local.zip", {{"a", "first"}});
  const absl::StatusOr<File> file = File::Open(path);
  ASSERT_THAT(file, IsOk());
  for (const std::uint64_t offset : {std::uint64_t{1}, file->size() - 1, file->size(), ~std::uint64_t{0}}) {
    EXPECT_THAT(ReadZipDataOffset(*file, {.name = "a", .header_offset = offset}),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("has no header where the directory says")));
  }
}

TEST(ZipDirectoryTest, EmptyArchive) {
  const absl::StatusOr<std::vector<ZipMember>> members = ReadBytes(End(0, 0, 0));
  ASSERT_THAT(members, IsOk());
  EXPECT_THAT(*members, IsEmpty());
}

// The number of members then stands in the zip64 record.
TEST(ZipDirectoryTest, MoreMembersThanSixteenBits) {
  std::string directory;
  for (int i = 0; i < 70'000; ++i) directory += Member(std::to_string(i), {});
  const absl::StatusOr<std::vector<ZipMember>> members = ReadBytes(
      directory + LargeEnd(70'000, directory.size(), 0, directory.size()) + End(0xffff, 0xffffffff, 0xffffffff));
  ASSERT_THAT(members, IsOk());
  ASSERT_THAT(*members, SizeIs(70'000));
  EXPECT_EQ(members->back().name, "69999");
}

TEST(ZipDirectoryTest, LargeNumbersAreInTheExtraField) {
  constexpr std::uint32_t kLarge = 0xffffffff;
  const std::uint64_t size = (std::uint64_t{1} << 40) + 1;
  const std::uint64_t offset = (std::uint64_t{1} << 40) + 2;
  const std::string other = LittleEndian(0x4246, 2) + LittleEndian(3, 2) + "pad";
  absl::StatusOr<std::vector<ZipMember>> members =
      ReadBytes(Archive(Member("a", {kLarge, kLarge, kLarge}, other + LargeField({size, size - 1, offset}))));
  ASSERT_THAT(members, IsOk());
  EXPECT_EQ((*members)[0].size, size);
  EXPECT_EQ((*members)[0].compressed_size, size - 1);
  EXPECT_EQ((*members)[0].header_offset, offset);
  // The field has only the numbers that do not fit 32 bits.
  members = ReadBytes(Archive(Member("a", {7, 7, kLarge}, LargeField({offset}) + other)));
  ASSERT_THAT(members, IsOk());
  EXPECT_EQ((*members)[0].size, 7u);
  EXPECT_EQ((*members)[0].header_offset, offset);
}

TEST(ZipDirectoryTest, Comments) {
  const std::string member = Member("a", {}, "", "comment of the member");
  for (const std::string& comment :
       {std::string(0xffff, 'c'), std::string("PK\5\6"), "PK\5\6" + std::string(40, '\xff')}) {
    const absl::StatusOr<std::vector<ZipMember>> members =
        ReadBytes(member + member + End(2, 2 * member.size(), 0, comment));
    ASSERT_THAT(members, IsOk());
    EXPECT_THAT(*members, SizeIs(2));
  }
}

TEST(ZipDirectoryTest, DamagedDirectories) {
  const std::string member = Member("a", {});
  const std::string large = LargeEnd(1, member.size(), 0, member.size());
  const struct {
    std::string bytes;
    std::string message;
  } kBad[] = {
      {"", "its directory, at the end of the file, is missing"},
      {"PK\5\6", "its directory, at the end of the file, is missing"},
      {member + End(1, member.size(), 0).substr(0, 21), "its directory, at the end of the file, is missing"},
      {member + End(1, member.size(), 1), "its directory is not where it says"},
      {member + End(1, member.size(), 0xffffffff), "its directory is not where it says"},
      {member + End(2, member.size(), 0), "its directory has fewer members than it says"},
      {member + "x" + End(1, member.size(), 1), "its directory has fewer members than it says"},
      {member.substr(0, 46) + End(1, 46, 0), "expected 1 more bytes, found 0"},
      {member + large.substr(0, 56) + large.substr(56).replace(8, 8, LittleEndian(1, 8)) + End(1, member.size(), 0),
       "its zip64 record is missing"},
      {member + large.substr(0, 56) + large.substr(56).replace(8, 8, std::string(8, '\xff')) + End(1, member.size(), 0),
       "its zip64 record is missing"},
      {member + LargeEnd(1, ~std::uint64_t{0}, 1, member.size()) + End(1, member.size(), 0),
       "its directory is not where it says"},
      {member + LargeEnd(~std::uint64_t{0}, member.size(), 0, member.size()) + End(1, member.size(), 0),
       "its directory has fewer members than it says"},
      {member + End(1, member.size(), 0).replace(4, 2, LittleEndian(1, 2)), "it is one of several files"},
      {member + End(1, member.size(), 0).replace(8, 2, LittleEndian(0, 2)), "it is one of several files"},
      {Archive(Member("a", {0xffffffff, 0, 0})), "a member has no zip64 field, or an incomplete one"},
      {Archive(Member("a", {0xffffffff, 0xffffffff, 0}, LargeField({1}))),
       "a member has no zip64 field, or an incomplete one"},
      {Archive(Member("a", {0xffffffff, 0, 0}, LittleEndian(1, 2) + LittleEndian(9, 2) + LittleEndian(0, 8))),
       "a member has no zip64 field, or an incomplete one"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(ReadBytes(bad.bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(bad.message)));
  }
}

TEST(ZipDirectoryTest, EveryPrefixIsAnError) {
  const std::string bytes = ReadFile(WriteZip("prefix.zip", {{"a", "first"}, {"b", "second"}}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ReadBytes(bytes.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("")));
  }
}

}  // namespace
}  // namespace metaconv
