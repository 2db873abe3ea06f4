// Files for tests: the fixtures in data/, and new files in the temporary folder of the test.

#ifndef METACONV_TESTS_CHECKPOINT_TEST_FILES_H_
#define METACONV_TESTS_CHECKPOINT_TEST_FILES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metaconv {

// The path of a file in tests/checkpoint/data.
std::string FixturePath(std::string_view name);

// The names of all fixtures, sorted.
std::vector<std::string> FixtureNames();

std::string ReadFile(const std::string& path);

// Writes a file into the temporary folder of the test, and returns its path. An existing file is overwritten.
std::string WriteFile(std::string_view name, std::string_view content);

// The same for a zip archive of these members, which are stored without compression or deflated.
enum class ZipMethod { kStored, kDeflated };
std::string WriteZip(std::string_view name, const std::vector<std::pair<std::string, std::string>>& members,
                     ZipMethod method = ZipMethod::kStored);

// The same for an archive of torch.save: data.pkl, and records data/0, data/1, … of these sizes, filled with zeros.
std::string WriteTorchZip(std::string_view name, const std::string& pickle,
                          const std::vector<std::uint64_t>& records = {});

// The same for a safetensors file. `data_bytes` zeros follow the header.
std::string WriteSafetensors(std::string_view name, std::string_view header, std::uint64_t data_bytes);

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_TEST_FILES_H_
