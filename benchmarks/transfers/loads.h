// MeasureLoads: loading checkpoint files from one folder into storages on the device.
//
// Measured figures, for each of Shapes() and the name PLACE of the folder:
//   read/PLACE/SHAPE   reading the file on the host, on as many threads as is fast, with O_DIRECT where it works
//   load/PLACE/SHAPE   StoragePath::Load, and Wait, of all storages of the file
// The ceiling of a load from memory is raw/host_to_device, that of a load from a disk is read/PLACE/SHAPE. Files on a
// disk are removed from the page cache before each run.
//
// The files are safetensors files, which are written before, opened by CheckpointFile, and deleted afterwards. If they
// would not fit, or would take too long to write and read, smaller ones are used, or none. Loaded bytes are verified: wrong
// ones are an error.
//
// Thread safety: for one thread.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_BENCHMARKS_TRANSFERS_LOADS_H_
#define METACONV_BENCHMARKS_TRANSFERS_LOADS_H_

#include <string>

#include "absl/status/status.h"
#include "benchmarks/transfers/setting.h"

namespace metaconv {

struct LoadPlace {
  std::string name;
  std::string folder;
  bool is_memory = false;
};

absl::Status MeasureLoads(TransferSetting& setting, const LoadPlace& place);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_LOADS_H_
