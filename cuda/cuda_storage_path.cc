#include "cuda/cuda_storage_path.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "converter/copy_overlap.h"
#include "cuda/runtime/device_memory.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/call_streams.h"
#include "meta/checksum.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// `what` names the storage in error messages.
absl::Status CheckOnCuda(const c10::Storage& storage, std::string_view what) {
  if (!storage) return absl::InvalidArgumentError(absl::StrCat(std::string(what), ": undefined storage"));
  if (storage.device().is_cuda()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(what), " on ", storage.device().str(), ": expected a CUDA device"));
}

std::int64_t SizeOf(const c10::Storage& storage) { return static_cast<std::int64_t>(storage.nbytes()); }

// storage.mutable_data() and storage.data() throw for storages without memory.
absl::StatusOr<char*> Writable(const c10::Storage& storage) {
  return CatchTorch("accessing a storage for writing", [&] { return static_cast<char*>(storage.mutable_data()); });
}
absl::StatusOr<const char*> Readable(const c10::Storage& storage) {
  return CatchTorch("accessing a storage for reading", [&] { return static_cast<const char*>(storage.data()); });
}

// The device, and the number and total size of the segments: for error messages of launches that process all of them.
std::string Describe(c10::Device device, absl::Span<const Segment> segments) {
  std::uint64_t size = 0;
  for (const Segment& segment : segments) size += segment.size;
  return absl::StrCat(device.str(), ": ", segments.size(), " storages of ", size, " bytes");
}

// One call of Copy: groups the copies by source and target device, and then starts each group.
class CopyCall {
 public:
  CopyCall(SegmentLauncher& launcher, PeerTransfer& peers, HostTransfer& transfer, CallStreams& streams)
      : launcher_(launcher), peers_(peers), transfer_(transfer), streams_(streams) {}

  absl::Status Add(const StorageCopy& copy) {
    const std::string name = absl::StrCat("storage ", copy.id);
    if (!copy.from || !copy.into) return absl::InvalidArgumentError(absl::StrCat(name, ": undefined storage"));
    const c10::Device from = copy.from.device(), into = copy.into.device();
    const std::string where = absl::StrCat(name, " from ", from.str(), " to ", into.str());
    if (!(from.is_cuda() || from.is_cpu()) || !(into.is_cuda() || into.is_cpu()) || (from.is_cpu() && into.is_cpu())) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": expected one storage on CUDA and the other one on CUDA or the CPU"));
    }
    if (SizeOf(copy.from) != SizeOf(copy.into)) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": ", SizeOf(copy.from), " bytes do not fit ", SizeOf(copy.into), " bytes"));
    }
    return WithContext(where, AddChecked(copy, from, into));
  }

  absl::Status Begin() {
    for (const auto& [device, way] : within_) {
      absl::Status status = launcher_.Copy(way.stream, way.segments);
      if (!status.ok()) {
        return WithContext(absl::StrCat(Describe(way.stream.device(), way.segments), ", first storage ", way.first),
                           status);
      }
    }
    for (const auto& [devices, way] : between_) {
      if (absl::Status status = peers_.Copy(way.from, way.into, way.copies); !status.ok()) return status;
    }
    if (absl::Status status = transfer_.Upload(uploads_); !status.ok()) return status;
    return transfer_.Download(downloads_);
  }

 private:
  struct Within {
    c10::Stream stream;
    MetaStorageId first;
    std::vector<Segment> segments;
  };
  struct Between {
    c10::Stream from;
    c10::Stream into;
    std::vector<PeerCopy> copies;
  };

  absl::Status AddChecked(const StorageCopy& copy, c10::Device from, c10::Device into) {
    const std::int64_t size = SizeOf(copy.from);
    if (size == 0) return absl::OkStatus();
    const absl::StatusOr<const char*> read = Readable(copy.from);
    if (!read.ok()) return read.status();
    const absl::StatusOr<char*> written = Writable(copy.into);
    if (!written.ok()) return written.status();
    const Segment segment = {.from = *read, .into = *written, .size = static_cast<std::uint64_t>(size)};

    const absl::StatusOr<c10::Stream> stream = streams_.Of(from.is_cuda() ? from : into);
    if (!stream.ok()) return stream.status();
    if (from.is_cpu()) {
      uploads_.push_back(
          {.device_data = *written, .size = size, .stream = *stream, .id = copy.id, .host_source = *read});
    } else if (into.is_cpu()) {
      // HostTransferItem is used for both directions; a download only reads device_data.
      downloads_.push_back({.device_data = const_cast<char*>(*read),
                            .size = size,
                            .stream = *stream,
                            .id = copy.id,
                            .host_data = *written});
    } else if (from == into) {
      within_.try_emplace(from.index(), Within{*stream, copy.id, {}}).first->second.segments.push_back(segment);
    } else {
      const absl::StatusOr<c10::Stream> into_stream = streams_.Of(into);
      if (!into_stream.ok()) return into_stream.status();
      between_.try_emplace({from.index(), into.index()}, Between{*stream, *into_stream, {}})
          .first->second.copies.push_back({segment, copy.id});
    }
    return absl::OkStatus();
  }

  SegmentLauncher& launcher_;
  PeerTransfer& peers_;
  HostTransfer& transfer_;
  CallStreams& streams_;
  std::map<c10::DeviceIndex, Within> within_;
  std::map<std::pair<c10::DeviceIndex, c10::DeviceIndex>, Between> between_;
  std::vector<HostTransferItem> uploads_;
  std::vector<HostTransferItem> downloads_;
};

}  // namespace

CudaStoragePath::CudaStoragePath(CudaRuntime& runtime, const CudaStoragePathOptions& options,
                                 DeviceFileReader* device_reader)
    : runtime_(runtime),
      ring_(runtime, options.buffers, options.buffer_size),
      launcher_(runtime, ring_),
      peers_(runtime, launcher_,
             {.small_size = std::min(options.small_size, options.buffer_size), .staging_size = options.buffer_size}),
      transfer_(
          runtime, ring_,
          {.small_size = options.small_size,
           .threads = options.threads,
           .direct_io_size = options.direct_io ? options.direct_io_size : std::numeric_limits<std::int64_t>::max(),
           .device_reader = device_reader}) {}

absl::Status CudaStoragePath::CheckRoom(c10::Device device, std::int64_t size_bytes) {
  const absl::StatusOr<CudaMemoryInfo> info = runtime_.MemoryInfo(device);
  // Allocating returns the error, if it is not only the information that is missing.
  if (!info.ok() || size_bytes <= info->free_bytes + info->cached_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(device.str(), ": ", size_bytes, " bytes wanted, ", info->free_bytes,
                                                   " of ", info->total_bytes, " bytes free, and ", info->cached_bytes,
                                                   " cached by the allocator"));
}

absl::StatusOr<c10::Storage> CudaStoragePath::Allocate(c10::Device device, std::int64_t size_bytes) {
  std::vector<c10::Storage> storages;
  if (absl::Status status = AllocateAll(device, {size_bytes}, storages); !status.ok()) return status;
  return std::move(storages.front());
}

absl::Status CudaStoragePath::AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                                          std::vector<c10::Storage>& storages) {
  if (!device.is_cuda()) {
    return absl::InvalidArgumentError(absl::StrCat(device.str(), ": expected a CUDA device"));
  }
  const absl::StatusOr<c10::Stream> stream = runtime_.CurrentStream(device);
  if (!stream.ok()) return stream.status();
  c10::Allocator* allocator = runtime_.allocator();
  for (const std::int64_t size : sizes) {
    if (size < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("a storage of ", size, " bytes on ", device.str(), ": expected a size that is not negative"));
    }
    c10::DataPtr data(nullptr, stream->device());
    if (size > 0) {
      absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, *stream, size);
      if (!memory.ok()) return memory.status();
      data = *std::move(memory);
    }
    storages.emplace_back(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size), std::move(data), allocator,
                          /*resizable=*/allocator != nullptr);
  }
  return absl::OkStatus();
}

absl::Status CudaStoragePath::Zero(absl::Span<const c10::Storage> storages) {
  CallStreams streams(runtime_);
  std::map<c10::DeviceIndex, std::vector<Segment>> segments;
  for (const c10::Storage& storage : storages) {
    if (absl::Status status = CheckOnCuda(storage, "zeroing a storage"); !status.ok()) return status;
    const absl::StatusOr<char*> data = Writable(storage);
    if (!data.ok()) return data.status();
    segments[storage.device().index()].push_back({.into = *data, .size = storage.nbytes()});
  }
  for (const auto& [index, of_device] : segments) {
    const c10::Device device(c10::DeviceType::CUDA, index);
    const absl::StatusOr<c10::Stream> stream = streams.Of(device);
    absl::Status status = stream.ok() ? launcher_.Fill(*stream, of_device, 0) : stream.status();
    if (!status.ok()) return streams.Finish(WithContext(Describe(device, of_device), status));
  }
  return absl::OkStatus();
}

absl::Status CudaStoragePath::Copy(absl::Span<const StorageCopy> copies) {
  CallStreams streams(runtime_);
  CopyCall call(launcher_, peers_, transfer_, streams);
  for (const StorageCopy& copy : copies) {
    if (absl::Status status = call.Add(copy); !status.ok()) return status;
  }
  if (absl::Status status = CheckNoOverlap(copies); !status.ok()) return status;
  return streams.Finish(call.Begin());
}

absl::Status CudaStoragePath::Load(absl::Span<const StorageLoad> loads, const LoadControl& control) {
  CallStreams streams(runtime_);
  std::vector<HostTransferItem> items;
  items.reserve(loads.size());
  for (const StorageLoad& load : loads) {
    const std::string name = absl::StrCat("storage ", load.id);
    if (absl::Status status = CheckOnCuda(load.into, name); !status.ok()) return status;
    const absl::StatusOr<char*> data = Writable(load.into);
    if (!data.ok()) return WithContext(name, data.status());
    const absl::StatusOr<c10::Stream> stream = streams.Of(load.into.device());
    if (!stream.ok()) return WithContext(name, stream.status());
    items.push_back({.device_data = *data,
                     .size = SizeOf(load.into),
                     .stream = *stream,
                     .id = load.id,
                     .read = &load.read,
                     .in_order = load.in_order,
                     .file = load.file});
  }
  return streams.Finish(transfer_.Upload(items, control));
}

absl::StatusOr<std::vector<std::uint64_t>> CudaStoragePath::Checksums(absl::Span<const c10::Storage> storages) {
  CallStreams streams(runtime_);
  std::map<c10::DeviceIndex, std::vector<std::size_t>> places;
  std::vector<Segment> segments;
  segments.reserve(storages.size());
  for (const c10::Storage& storage : storages) {
    if (absl::Status status = CheckOnCuda(storage, "computing the checksum of a storage"); !status.ok()) return status;
    const absl::StatusOr<const char*> data = Readable(storage);
    if (!data.ok()) return data.status();
    places[storage.device().index()].push_back(segments.size());
    segments.push_back({.from = *data, .size = storage.nbytes()});
  }
  std::vector<std::uint64_t> sums(storages.size());
  for (const auto& [index, of_device] : places) {
    const c10::Device device(c10::DeviceType::CUDA, index);
    std::vector<Segment> part;
    part.reserve(of_device.size());
    for (const std::size_t i : of_device) part.push_back(segments[i]);
    const absl::StatusOr<c10::Stream> stream = streams.Of(device);
    const absl::StatusOr<std::vector<std::uint64_t>> found =
        stream.ok() ? launcher_.Sums(*stream, part) : stream.status();
    if (!found.ok()) return streams.Finish(WithContext(Describe(device, part), found.status()));
    for (std::size_t i = 0; i < of_device.size(); ++i) {
      sums[of_device[i]] = (*found)[i] + ChecksumOfLength(part[i].size);
    }
  }
  return sums;
}

absl::Status CudaStoragePath::Wait(c10::Device device) {
  if (!device.is_cuda()) {
    return absl::InvalidArgumentError(absl::StrCat(device.str(), ": expected a CUDA device"));
  }
  const absl::StatusOr<c10::Stream> stream = runtime_.CurrentStream(device);
  if (!stream.ok()) return stream.status();
  return runtime_.Synchronize(*stream);
}

}  // namespace metaconv
