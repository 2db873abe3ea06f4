// Lock files: what a checkpoint's tensors are, in a form to be kept under version control and compared later.
//
//   {"format": "metaconv-lock/1",
//   "tensors": {
//   "embed.weight": {"device": "device(type='cpu')", "dtype": "torch.float32", …, "size": [100, 16], …},
//   "head.weight": {…, "same_tensor_as": "embed.weight", …, "storage_bytes": 6400, …},
//   "q": {…, "shares_storage_with": "k", …}},
//   "opaque": {"optimizer": "package.Class"}}
//
// Records are as in AsJson, but for ids, which change when a tensor is added in front: nested records are written where
// they belong, and sharing is told by the first name in the file that shares. Names and fields are sorted, so that two
// versions of a lock file differ only where the checkpoints do.
//
// Example:
//   const nlohmann::json locked = LockOf(checkpoint);
//   for (const std::string& line : CompareLocks(locked, LockOf(later))) std::cout << line << '\n';
//   // layer.weight: dtype: locked "torch.float32", found "torch.bfloat16"
//
// Thread safety: pure functions but for the file system.
// Lifetime: results own what they hold.

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

// One tensor a line.
void WriteLock(const nlohmann::json& lock, std::ostream& os);

// Errors: kNotFound if the file cannot be read; kDataLoss if it is no lock file, with the offset or the member.
absl::StatusOr<nlohmann::json> ReadLock(const std::string& path);

// One line for each field that differs, and for each name that was added or removed, in the order of the names.
std::vector<std::string> CompareLocks(const nlohmann::json& locked, const nlohmann::json& found);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_LOCK_FILE_H_
