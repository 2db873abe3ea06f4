#include "tests/cuda/temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>

#include "gtest/gtest.h"

namespace metaconv {

TemporaryFile::TemporaryFile(const std::string& folder, const std::vector<char>& content) {
  std::string name = folder + "/metaconv-XXXXXX";
  descriptor_ = mkstemp(name.data());
  // Tests cannot continue without their file.
  bool is_written = descriptor_ >= 0 && unlink(name.c_str()) == 0;
  std::size_t done = 0;
  while (is_written && done < content.size()) {
    const ssize_t written = write(descriptor_, content.data() + done, content.size() - done);
    is_written = written > 0;
    done += is_written ? static_cast<std::size_t>(written) : 0;
  }
  if (!is_written || fsync(descriptor_) != 0) {
    ADD_FAILURE() << "cannot write a file in " << folder;
    std::abort();
  }
}

TemporaryFile::TemporaryFile(const std::vector<char>& content) : TemporaryFile(testing::TempDir(), content) {}

TemporaryFile::~TemporaryFile() { close(descriptor_); }

void TemporaryFile::DropCache() const { posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }

}  // namespace metaconv
