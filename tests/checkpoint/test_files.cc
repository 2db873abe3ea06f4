#include "tests/checkpoint/test_files.h"

#include <dirent.h>
#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"

namespace metaconv {
namespace {

constexpr char kDataFolder[] = "tests/checkpoint/data";

std::string PathInTestFolder(std::string_view name) {
  const char* const folder = std::getenv("TEST_TMPDIR");
  return std::string(folder == nullptr ? "/tmp" : folder) + "/" + std::string(name);
}

}  // namespace

std::string FixturePath(std::string_view name) { return std::string(kDataFolder) + "/" + std::string(name); }

std::vector<std::string> FixtureNames() {
  std::vector<std::string> names;
  DIR* const folder = opendir(kDataFolder);
  if (folder == nullptr) return names;
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string WriteFile(std::string_view name, std::string_view content) {
  const std::string path = PathInTestFolder(name);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  EXPECT_TRUE(file.good()) << path;
  return path;
}

std::string WriteZip(std::string_view name, const std::vector<std::pair<std::string, std::string>>& members,
                     ZipMethod method) {
  const std::string path = PathInTestFolder(name);
  std::remove(path.c_str());
  int error = 0;
  zip_t* const zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  EXPECT_NE(zip, nullptr) << path << ": " << error;
  if (zip == nullptr) return path;
  for (const auto& [member, content] : members) {
    zip_source_t* const source = zip_source_buffer(zip, content.data(), content.size(), 0);
    const zip_int64_t index = zip_file_add(zip, member.c_str(), source, ZIP_FL_ENC_UTF_8);
    EXPECT_GE(index, 0) << member;
    const zip_int32_t compression = method == ZipMethod::kStored ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
    EXPECT_EQ(zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), compression, 0), 0);
  }
  EXPECT_EQ(zip_close(zip), 0);
  return path;
}

std::string WriteTorchZip(std::string_view name, const std::string& pickle, const std::vector<std::uint64_t>& records) {
  std::vector<std::pair<std::string, std::string>> members = {{"archive/data.pkl", pickle}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    members.emplace_back("archive/data/" + std::to_string(i), std::string(static_cast<std::size_t>(records[i]), '\0'));
  }
  return WriteZip(name, members);
}

std::string WriteSafetensors(std::string_view name, std::string_view header, std::uint64_t data_bytes) {
  return WriteFile(name, LittleEndian(header.size(), 8) + std::string(header) +
                             std::string(static_cast<std::size_t>(data_bytes), '\0'));
}

}  // namespace metaconv
