// TransferSetting: what all measurements of transfers share.
//
// Thread safety: for one thread.
// Lifetime: refers to the path and the figures.

#ifndef METACONV_BENCHMARKS_TRANSFERS_SETTING_H_
#define METACONV_BENCHMARKS_TRANSFERS_SETTING_H_

#include <chrono>
#include <cstdint>

#include "benchmarks/transfers/figures.h"
#include "benchmarks/transfers/measure.h"
#include "c10/core/Device.h"
#include "converter/storage_path.h"

namespace metaconv {

struct TransferSetting {
  StoragePath& path;
  c10::Device device;
  MeasureLimits limits;
  std::int64_t max_bytes;  // Of one load, and of each storage or group of storages on the device.
  // No file is written, and no load is measured, that would probably take longer.
  std::chrono::steady_clock::time_point deadline;
  FigureTable& figures;
};

inline double SecondsLeft(const TransferSetting& setting) {
  return std::chrono::duration<double>(setting.deadline - std::chrono::steady_clock::now()).count();
}

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_SETTING_H_
