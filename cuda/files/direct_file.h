// DirectFile: reads large ranges of an open file into page-aligned buffers, without the page cache where that is faster.
//
// It opens the same file a second time with O_DIRECT. Where the file system refuses that, as tmpfs does, or refuses a
// read, it reads through the page cache.
//
// Example:
//   const DirectFile file(descriptor, /*direct_io=*/true);
//   const std::int64_t begin = DirectFile::BlockBegin(offset);
//   if (file.Read(begin, offset + size - begin, buffer)) Use(buffer + (offset - begin), size);
//
// There are no error codes: after a read that did not succeed, the caller reads in another way and returns the error
// that it finds then.
//
// Thread safety: Thread-safe.
// Lifetime: the descriptor must stay open.

#ifndef METACONV_CUDA_FILES_DIRECT_FILE_H_
#define METACONV_CUDA_FILES_DIRECT_FILE_H_

#include <atomic>
#include <cstdint>

namespace metaconv {

class DirectFile {
 public:
  // Direct reads have offsets, addresses and sizes that are multiples of this. Most devices need 512 or 4096; one that
  // needs more refuses the read.
  static constexpr std::int64_t kBlockSize = 4096;

  static constexpr std::int64_t BlockBegin(std::int64_t offset) { return offset / kBlockSize * kBlockSize; }
  static constexpr std::int64_t BlockEnd(std::int64_t offset) { return BlockBegin(offset + kBlockSize - 1); }

  // Without `direct_io` all reads are through the page cache.
  DirectFile(int descriptor, bool direct_io);
  ~DirectFile();
  DirectFile(const DirectFile&) = delete;
  DirectFile& operator=(const DirectFile&) = delete;

  // Reads `size` bytes from `offset` on, which is a multiple of kBlockSize. `buffer` is aligned to kBlockSize and has room
  // for whole blocks: BlockEnd(size) bytes. Returns whether all bytes were read.
  bool Read(std::int64_t offset, std::int64_t size, char* buffer) const;

  // Whether reading the range through the page cache needs the device for less than half of it. True if that is not
  // known.
  bool IsCached(std::int64_t offset, std::int64_t size) const;

  // Whether direct reads have been possible so far.
  bool is_direct() const { return is_direct_.load(std::memory_order_relaxed); }

 private:
  // Return the number of bytes that were read.
  std::int64_t ReadDirect(std::int64_t offset, std::int64_t size, char* buffer) const;
  std::int64_t ReadBuffered(std::int64_t offset, std::int64_t size, char* buffer) const;

  const int descriptor_;
  const int direct_;  // -1 if there is none.
  mutable std::atomic<bool> is_direct_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_DIRECT_FILE_H_
