#include "checkpoint/safetensors/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/byte_order.h"
#include "checkpoint/io/checked_math.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/geometry.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/safetensors/safetensors_entry.h"
#include "checkpoint/safetensors/safetensors_header.h"
#include "checkpoint/storage_location.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

constexpr std::uint64_t kLengthBytes = 8;

// A file whose first eight bytes are a larger number is of another format.
constexpr std::uint64_t kImplausibleLength = std::uint64_t{1} << 40;

struct Dtype {
  std::string_view name;
  std::int64_t bits;
  std::optional<c10::ScalarType> dtype;  // Absent if PyTorch has none.
};

constexpr Dtype kDtypes[] = {
    {"BOOL", 8, c10::ScalarType::Bool},
    {"U8", 8, c10::ScalarType::Byte},
    {"I8", 8, c10::ScalarType::Char},
    {"F8_E4M3", 8, c10::ScalarType::Float8_e4m3fn},
    {"F8_E5M2", 8, c10::ScalarType::Float8_e5m2},
    {"F8_E8M0", 8, c10::ScalarType::Float8_e8m0fnu},
    {"F8_E4M3FNUZ", 8, c10::ScalarType::Float8_e4m3fnuz},
    {"F8_E5M2FNUZ", 8, c10::ScalarType::Float8_e5m2fnuz},
    {"I16", 16, c10::ScalarType::Short},
    {"U16", 16, c10::ScalarType::UInt16},
    {"F16", 16, c10::ScalarType::Half},
    {"BF16", 16, c10::ScalarType::BFloat16},
    {"I32", 32, c10::ScalarType::Int},
    {"U32", 32, c10::ScalarType::UInt32},
    {"F32", 32, c10::ScalarType::Float},
    {"I64", 64, c10::ScalarType::Long},
    {"U64", 64, c10::ScalarType::UInt64},
    {"F64", 64, c10::ScalarType::Double},
    {"C64", 64, c10::ScalarType::ComplexFloat},
    {"F4", 4, c10::ScalarType::Float4_e2m1fn_x2},
    {"F6_E2M3", 6, std::nullopt},
    {"F6_E3M2", 6, std::nullopt},
};

const Dtype* FindDtype(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kDtypes), std::end(kDtypes), [name](const Dtype& dtype) { return dtype.name == name; });
  return found == std::end(kDtypes) ? nullptr : found;
}

std::uint64_t HeaderLength(std::string_view head) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(head[i]);
  return length;
}

// The tensor that PyTorch makes of an entry, whose shape is moved. Two elements of F4 are one element of its dtype
// float4_e2m1fn_x2.
absl::StatusOr<TensorSpec> MakeSpec(SafetensorsEntry& entry, c10::Device device, CheckpointStorages& storages) {
  const Dtype* const dtype = FindDtype(entry.dtype);
  if (dtype == nullptr) return absl::DataLossError(absl::StrCat("expected a dtype, found '", entry.dtype, "'"));
  absl::StatusOr<std::int64_t> numel = NumberOfElements(entry.shape);
  if (!numel.ok()) return numel.status();
  const std::optional<std::int64_t> bits = CheckedProduct(*numel, dtype->bits);
  if (!bits.has_value() || *bits % 8 != 0 || static_cast<std::uint64_t>(*bits / 8) != entry.end - entry.begin) {
    return absl::DataLossError(absl::StrCat("expected the bytes of ", *numel, " elements of ", entry.dtype, ", found ",
                                            entry.end - entry.begin));
  }
  if (!dtype->dtype.has_value()) {
    return absl::UnimplementedError(absl::StrCat("PyTorch has no dtype for ", entry.dtype));
  }
  TensorSpec spec;
  spec.dtype = *dtype->dtype;
  spec.device = device;
  spec.size = std::move(entry.shape);
  if (dtype->bits == 4) {
    if (spec.size.empty() || spec.size.back() % 2 != 0) {
      return absl::DataLossError("expected an even last dimension for F4, of which a byte contains two elements");
    }
    spec.size.back() /= 2;
  }
  absl::StatusOr<Sizes> stride = ContiguousStride(spec.size);
  if (!stride.ok()) return stride.status();
  spec.stride = *std::move(stride);
  spec.storage = storages.New(device, *bits / 8);
  return spec;
}

absl::StatusOr<std::string> ReadHeader(const File& file, std::size_t length) {
  std::string json;
  json.reserve(length + kSafetensorsHeaderPadding);
  json.resize(length);
  absl::StatusOr<std::size_t> got = file.ReadAt(kLengthBytes, json.data(), length);
  if (!got.ok()) return got.status();
  if (*got == length) return json;
  return absl::DataLossError(
      absl::StrCat("expected ", length, " bytes, found ", *got, ": the file was truncated after it was opened"));
}

// In the order of their data, in which the safetensors library writes and lists them.
std::vector<SafetensorsEntry*> InOrderOfData(std::vector<SafetensorsEntry>& entries) {
  std::vector<SafetensorsEntry*> order;
  order.reserve(entries.size());
  for (SafetensorsEntry& entry : entries) order.push_back(&entry);
  const auto is_before = [](const SafetensorsEntry* a, const SafetensorsEntry* b) {
    return std::tie(a->begin, a->end) < std::tie(b->begin, b->end);
  };
  if (!std::is_sorted(order.begin(), order.end(), is_before)) std::stable_sort(order.begin(), order.end(), is_before);
  return order;
}

}  // namespace

bool IsSafetensors(const FileProbe& probe) {
  const std::string_view head = probe.head;
  if (head.size() <= kLengthBytes || HeaderLength(head) >= kImplausibleLength) return false;
  const std::size_t begin = head.find_first_not_of(" \t\r\n", kLengthBytes);
  return begin != std::string_view::npos && head[begin] == '{';
}

absl::StatusOr<Checkpoint> ReadSafetensors(const FileProbe& probe, const ReadOptions& options) {
  const std::uint64_t length = HeaderLength(probe.head);
  const std::uint64_t behind_length = probe.file->size() - kLengthBytes;
  if (length > behind_length) {
    return absl::DataLossError(absl::StrCat("offset 0: expected a header of ", length, " bytes, found ", behind_length,
                                            " bytes up to the end of the file"));
  }
  if (length > kLimits.safetensors_header_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("offset 0: expected a header of at most ",
                                                     kLimits.safetensors_header_bytes, " bytes, found ", length));
  }
  absl::StatusOr<std::string> json = ReadHeader(*probe.file, static_cast<std::size_t>(length));
  if (!json.ok()) return WithContext("header", json.status(), ", ");
  absl::StatusOr<std::vector<SafetensorsEntry>> entries = ParseSafetensorsHeader(*std::move(json));
  if (!entries.ok()) return WithContext("header", entries.status(), ", ");

  const std::uint64_t data_bytes = behind_length - length;
  const c10::Device device = options.map_location.value_or(c10::Device(c10::DeviceType::CPU));
  Checkpoint checkpoint;
  CheckpointStorages storages;
  RecordMaker records(options);
  checkpoint.tensors.reserve(entries->size());
  std::uint64_t covered = 0;
  for (SafetensorsEntry* const entry : InOrderOfData(*entries)) {
    const auto with_place = [entry](const absl::Status& status) {
      return WithContext(absl::StrCat("header, tensor '", entry->name, "'"), status, ", ");
    };
    if (entry->begin != covered || entry->end < entry->begin || entry->end > data_bytes) {
      return with_place(
          absl::DataLossError(absl::StrCat("expected data_offsets from ", covered, " to at most ", data_bytes,
                                           ", without a gap or an overlap, found ", entry->begin, " to ", entry->end)));
    }
    covered = entry->end;
    absl::StatusOr<TensorSpec> spec = MakeSpec(*entry, device, storages);
    if (!spec.ok()) return with_place(spec.status());
    StorageLocation& location = spec->storage->location;
    location.bytes = StorageBytes::kPlain;
    location.offset = kLengthBytes + length + entry->begin;
    location.size_in_file = entry->end - entry->begin;
    location.swap_size = SwapSize(spec->dtype, std::endian::little);
    // In Python each tensor is a view of a one-dimensional tensor of its bytes.
    checkpoint.tensors.push_back({std::move(entry->name), records.MakeViewOfFlat(*spec)});
  }
  if (covered != data_bytes) {
    return WithContext("header",
                       absl::DataLossError(absl::StrCat("expected tensors that cover all ", data_bytes,
                                                        " bytes of data, found ", covered)),
                       ", ");
  }
  checkpoint.storages = records.TakeLocations();
  return checkpoint;
}

}  // namespace metaconv
