// DeviceFile, DeviceFileReader: an interface for reading files directly into device memory, without host memory
// between, as GPUDirect Storage does. HostTransfer uses it, if there is one, for large ranges of files.
//
// Example:
//   std::unique_ptr<DeviceFile> file = reader.Open(descriptor, device);
//   if (file == nullptr || !file->Read(offset, device_data, size)) ...   // Read the range in another way.
//
// There are no error codes: wherever a read does not succeed, the caller reads the range in another way, and returns the
// error that it finds then.
//
// Thread safety: implementations are thread-safe; Read is called from many threads at once.
// Lifetime: the reader must outlive its files.

#ifndef METACONV_CUDA_FILES_DEVICE_FILE_H_
#define METACONV_CUDA_FILES_DEVICE_FILE_H_

#include <cstdint>
#include <memory>

#include "c10/core/Device.h"

namespace metaconv {

// An open file, whose content can be read into memory of one device.
class DeviceFile {
 public:
  virtual ~DeviceFile() = default;

  // Reads `size` bytes, from `offset` on, into device memory, with any alignment. All earlier work that uses this memory
  // is done. Returns when the bytes are there, so that work that is started afterwards finds them.
  // Returns false if not all bytes were read. The content of `device_data` is undefined then, and nothing writes to it
  // anymore.
  virtual bool Read(std::int64_t offset, char* device_data, std::int64_t size) = 0;
};

class DeviceFileReader {
 public:
  virtual ~DeviceFileReader() = default;

  // Prepares reading an open file into memory of `device`. `descriptor` stays open, and unchanged, as long as the result
  // exists. Returns null if this file cannot be read directly into memory of this device.
  virtual std::unique_ptr<DeviceFile> Open(int descriptor, c10::Device device) = 0;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_FILES_DEVICE_FILE_H_
