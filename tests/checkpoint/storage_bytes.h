// Reading whole storages of checkpoint files, and writing files whose storages have known bytes.

#ifndef METACONV_TESTS_CHECKPOINT_STORAGE_BYTES_H_
#define METACONV_TESTS_CHECKPOINT_STORAGE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_file.h"
#include "meta/meta_storage_desc.h"
#include "tests/checkpoint/test_files.h"

namespace metaconv {

// The bytes of a storage, read `step` bytes at a time.
absl::StatusOr<std::string> ReadStorage(const CheckpointFile& file, MetaStorageId id, std::int64_t step = 64);

// Reads all storages, and returns the first error.
absl::Status ReadStorages(const CheckpointFile& file);

// Compressible bytes that differ from place to place and from seed to seed.
std::string Pattern(std::size_t size, std::uint32_t seed);

// Writes an archive of torch.save with one tensor of floats on each of these records.
std::string WriteTensors(std::string_view name, const std::vector<std::string>& records,
                         ZipMethod method = ZipMethod::kStored);

}  // namespace metaconv

#endif  // METACONV_TESTS_CHECKPOINT_STORAGE_BYTES_H_
