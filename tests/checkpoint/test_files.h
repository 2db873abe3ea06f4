// Files for tests: the fixtures in data/, and new ones in the test's own folder.

#ifndef METACONV_TESTS_CHECKPOINT_TEST_FILES_H_
#define METACONV_TESTS_CHECKPOINT_TEST_FILES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metaconv {

// Of a file in tests/checkpoint/data.
std::string FixturePath(std::string_view name);

// The names of all of them, in order.
std::vector<std::string> FixtureNames();

std::string ReadFile(const std::string& path);

// Writes a file that is removed with the test's folder, and returns its path. A name that comes again is written over.
std::string WriteFile(std::string_view name, std::string_view content);

// The same for a zip archive of these members, stored or deflated.
enum class ZipMethod { kStored, kDeflated };
std::string WriteZip(std::string_view name, const std::vector<std::pair<std::string, std::string>>& members,
                     ZipMethod method = ZipMethod::kStored);

// An archive as torch.save writes it: data.pkl and the records data/0, data/1, … of these sizes.
std::string WriteTorchZip(std::string_view name, const std::string& pickle,
                          const std::vector<std::uint64_t>& records = {});

// A safetensors file; `data_bytes` zeros follow the header.
std::string WriteSafetensors(std::string_view name, std::string_view header, std::uint64_t data_bytes);

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_TEST_FILES_H_
