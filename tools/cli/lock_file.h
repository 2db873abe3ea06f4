// Lock files: the metadata of a checkpoint's tensors, to be kept under version control and compared later.
//
//   {"format": "metaconv-lock/1",
//   "tensors": {
//   "embed.weight": {"device": "device(type='cpu')", "dtype": "torch.float32", …, "size": [100, 16], …},
//   "head.weight": {…, "same_tensor_as": "embed.weight", …, "storage_bytes": 6400, …},
//   "q": {…, "shares_storage_with": "k", …}},
//   "opaque": {"optimizer": "package.Class"}}
//
// Records have the form of AsJson, without ids, because ids change when a tensor is inserted. Instead, nested records
// are written inline, and shared tensors and storages refer to the first name that uses them. Names and fields are
// sorted, so two versions of a lock file differ only where the checkpoints do.
//
// Example:
//   const nlohmann::json locked = LockOf(checkpoint);
//   for (const std::string& line : CompareLocks(locked, LockOf(later))) std::cout << line << '\n';
//   // layer.weight: dtype: locked "torch.float32", found "torch.bfloat16"
//
// Thread safety: pure functions, except for the file system.
// Lifetime: results own their values.

#ifndef METACONV_TOOLS_CLI_LOCK_FILE_H_
#define METACONV_TOOLS_CLI_LOCK_FILE_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "nlohmann/json.hpp"

namespace metaconv::cli {

nlohmann::json LockOf(const Checkpoint& checkpoint);

// Writes one tensor per line.
void WriteLock(const nlohmann::json& lock, std::ostream& os);

// Errors: kNotFound if the file cannot be read; kDataLoss, with the offset or the member, if it is not a lock file.
absl::StatusOr<nlohmann::json> ReadLock(const std::string& path);

// Returns one line for each field that differs, and for each name that was added or removed, in the order of the names.
std::vector<std::string> CompareLocks(const nlohmann::json& locked, const nlohmann::json& found);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_LOCK_FILE_H_
