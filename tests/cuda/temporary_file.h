// TemporaryFile: a file without a name, with given content, for tests.
//
// Example:
//   const TemporaryFile file("/dev/shm", bytes);
//   pread(file.descriptor(), ...);

#ifndef METACONV_TESTS_CUDA_TEMPORARY_FILE_H_
#define METACONV_TESTS_CUDA_TEMPORARY_FILE_H_

#include <string>
#include <vector>

namespace metaconv {

class TemporaryFile {
 public:
  // In the folder `folder`. The content is written to the device, so that the kernel can drop it from the page cache.
  TemporaryFile(const std::string& folder, const std::vector<char>& content);
  // In the temporary folder of the test.
  explicit TemporaryFile(const std::vector<char>& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_; }

  // Asks the kernel to drop the content from the page cache, which it may not do.
  void DropCache() const;

 private:
  int descriptor_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_TEMPORARY_FILE_H_
