#include "checkpoint/torch/torch_tar.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/byte_order.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/checked_math.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/tar_members.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/pickle/unpickler.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/geometry.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/storage_location.h"
#include "checkpoint/torch/flatten.h"
#include "checkpoint/torch/refuse_commands.h"
#include "checkpoint/torch/storage_table.h"
#include "checkpoint/torch/torch_globals.h"
#include "checkpoint/torch/torch_types.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

constexpr std::string_view kStorages = "storages";
constexpr std::string_view kTensors = "tensors";
constexpr std::string_view kPickle = "pickle";
constexpr std::array<std::string_view, 3> kMembers = {kStorages, kTensors, kPickle};

// Reads one member in order.
class MemberReader {
 public:
  MemberReader(const File& file, const TarMember& member, PickleHeap& heap)
      : source_(file, member.offset), reader_(source_, member.size), heap_(heap) {}

  ByteReader& bytes() { return reader_; }

  absl::StatusOr<Unpickled> ReadPickle() { return Unpickle(reader_, heap_); }

  // Reads a pickled tuple of three items, which describes a storage or a tensor.
  absl::StatusOr<std::array<PickleValue, 3>> ReadTriple(std::string_view wanted) {
    const std::uint64_t offset = reader_.offset();
    absl::StatusOr<Unpickled> pickle = ReadPickle();
    if (!pickle.ok()) return pickle.status();
    const PickleTuple* const tuple = As<PickleTuple>(pickle->root);
    if (tuple == nullptr || tuple->items.size() != 3) {
      return absl::DataLossError(
          absl::StrCat("offset ", offset, ": expected ", std::string(wanted), ", found ", DescribeKind(pickle->root)));
    }
    return std::array<PickleValue, 3>{tuple->items[0], tuple->items[1], tuple->items[2]};
  }

  // Reads an integer of eight bytes.
  absl::StatusOr<std::uint64_t> ReadNumber() {
    const std::uint64_t offset = reader_.offset();
    absl::StatusOr<std::uint64_t> number = reader_.ReadLittleEndian<std::uint64_t>();
    if (!number.ok()) return WithContext(absl::StrCat("offset ", offset), number.status());
    return number;
  }

  absl::StatusOr<std::int64_t> ReadCount(std::string_view what) {
    const std::uint64_t offset = reader_.offset();
    absl::StatusOr<Unpickled> pickle = ReadPickle();
    if (!pickle.ok()) return pickle.status();
    const std::int64_t* const count = std::get_if<std::int64_t>(&pickle->root);
    if (count != nullptr && *count >= 0) return *count;
    return absl::DataLossError(absl::StrCat("offset ", offset, ": expected the number of ", std::string(what),
                                            ", found ", DescribeKind(pickle->root)));
  }

 private:
  FileByteSource source_;
  ByteReader reader_;
  PickleHeap& heap_;
};

class TarReader {
 public:
  TarReader(const File& file, const TarDirectory& directory, const ReadOptions& options)
      : file_(file), directory_(directory), options_(options), heap_(kLimits.pickle_heap_bytes) {}

  absl::StatusOr<Checkpoint> Read() {
    Checkpoint checkpoint;
    // Each step uses the results of those before it.
    struct Step {
      std::string_view member;
      absl::Status (TarReader::*read)(Checkpoint&);
    };
    constexpr Step kSteps[] = {
        {kStorages, &TarReader::ReadStorages}, {kTensors, &TarReader::ReadTensors}, {kPickle, &TarReader::ReadObject}};
    for (const Step& step : kSteps) {
      absl::Status status = (this->*step.read)(checkpoint);
      if (status.ok()) status = RefuseCommands(heap_);
      if (!status.ok()) return WithContext(MemberPlace(step.member), status, ", ");
    }
    return checkpoint;
  }

 private:
  // The address of a storage or tensor in the process that wrote the file.
  using Key = std::int64_t;

  const TarMember& Member(std::string_view name) const { return directory_.members.at(std::string(name)); }

  MemberReader Open(std::string_view name) { return MemberReader(file_, Member(name), heap_); }

  // The member has the number of storages; for each storage a triple (key, location, class), the number of elements and
  // the bytes; and a list of the storages that are views of others.
  absl::Status ReadStorages(Checkpoint&) {
    MemberReader reader = Open(kStorages);
    absl::StatusOr<std::int64_t> count = reader.ReadCount("storages");
    if (!count.ok()) return count.status();
    for (std::int64_t i = 0; i < *count; ++i) {
      if (absl::Status status = ReadStorage(reader); !status.ok()) return status;
    }
    const std::uint64_t offset = reader.bytes().offset();
    absl::StatusOr<Unpickled> views = reader.ReadPickle();
    if (!views.ok()) return views.status();
    const PickleList* const list = As<PickleList>(views->root);
    if (list == nullptr) return Expected(offset, "a list of storage views", views->root);
    for (const PickleValue& view : list->items) {
      if (absl::Status status = AddView(offset, view); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadStorage(MemberReader& reader) {
    const std::uint64_t offset = reader.bytes().offset();
    absl::StatusOr<std::array<PickleValue, 3>> triple = reader.ReadTriple("a storage (key, location, class)");
    if (!triple.ok()) return triple.status();
    const auto& [key, location, type] = *triple;
    const Key* const number = std::get_if<Key>(&key);
    if (number == nullptr) return Expected(offset, "an int as the key", key);
    const PickleGlobal* const global = As<PickleGlobal>(type);
    const std::optional<c10::ScalarType> dtype = global == nullptr ? std::nullopt : StorageClassDtype(global->name);
    if (!dtype.has_value()) return Expected(offset, "a storage class", type);
    std::optional<c10::Device> device = options_.map_location;
    if (!device.has_value() && AsText(location) != nullptr) device = ParseDevice(*AsText(location));
    if (!device.has_value()) return Expected(offset, "a device as the location", location);
    absl::StatusOr<std::uint64_t> numel = reader.ReadNumber();
    if (!numel.ok()) return numel.status();
    const std::uint64_t item_size = c10::elementSize(*dtype);
    if (*numel > reader.bytes().remaining() / item_size) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a storage of ", *numel,
                                              " elements, found ", reader.bytes().remaining(),
                                              " bytes up to the end of the member"));
    }
    const std::uint64_t size = *numel * item_size;
    CheckpointStorage* const storage = storages_.New(*device, static_cast<std::int64_t>(size));
    storage->location.bytes = StorageBytes::kPlain;
    storage->location.offset = Member(kStorages).offset + reader.bytes().offset();
    storage->location.size_in_file = size;
    storage->location.swap_size = SwapSize(*dtype, std::endian::little);
    storage->location.member = kStorages;
    storages_by_key_[*number] = {storage, *dtype};
    return reader.bytes().Skip(size);
  }

  // A view is (key, key of the storage, offset, number of elements).
  absl::Status AddView(std::uint64_t offset, const PickleValue& view) {
    constexpr std::string_view kWanted = "a view (key, root key, offset, size) inside its storage";
    const PickleTuple* const tuple = As<PickleTuple>(view);
    if (tuple == nullptr || tuple->items.size() != 4) return Expected(offset, kWanted, view);
    std::array<std::int64_t, 4> numbers;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::int64_t* const number = std::get_if<std::int64_t>(&tuple->items[i]);
      if (number == nullptr) return Expected(offset, kWanted, tuple->items[i]);
      numbers[i] = *number;
    }
    const auto& [key, root_key, begin, numel] = numbers;
    const auto root = storages_by_key_.find(root_key);
    if (root == storages_by_key_.end()) return Expected(offset, "the key of a storage", tuple->items[1]);
    const std::int64_t item_size = static_cast<std::int64_t>(c10::elementSize(root->second.dtype));
    const std::optional<std::int64_t> end = CheckedSum(begin, numel);
    const std::optional<std::int64_t> end_bytes = end.has_value() ? CheckedProduct(*end, item_size) : std::nullopt;
    if (begin < 0 || numel < 0 || !end_bytes.has_value() || *end_bytes > root->second.storage->size_bytes) {
      return Expected(offset, kWanted, view);
    }
    // As in Python, it is a separate storage that shares the memory of the other.
    const TypedStorage whole = root->second;
    CheckpointStorage* const part = storages_.New(whole.storage->device, numel * item_size);
    part->location = whole.storage->location;
    part->location.offset += static_cast<std::uint64_t>(begin * item_size);
    part->location.size_in_file = static_cast<std::uint64_t>(part->size_bytes);
    storages_by_key_[key] = {part, whole.dtype};
    return absl::OkStatus();
  }

  // The member has the number of tensors, and for each a triple (key, key of its storage, class), the number of
  // dimensions, the sizes, the strides and the storage offset.
  absl::Status ReadTensors(Checkpoint&) {
    MemberReader reader = Open(kTensors);
    absl::StatusOr<std::int64_t> count = reader.ReadCount("tensors");
    if (!count.ok()) return count.status();
    for (std::int64_t i = 0; i < *count; ++i) {
      if (absl::Status status = ReadTensor(reader); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadTensor(MemberReader& reader) {
    const std::uint64_t offset = reader.bytes().offset();
    absl::StatusOr<std::array<PickleValue, 3>> triple = reader.ReadTriple("a tensor (key, storage key, class)");
    if (!triple.ok()) return triple.status();
    const Key* const key = std::get_if<Key>(&(*triple)[0]);
    const Key* const storage_key = std::get_if<Key>(&(*triple)[1]);
    if (key == nullptr) return Expected(offset, "an int as the key", (*triple)[0]);
    const auto storage = storage_key == nullptr ? storages_by_key_.end() : storages_by_key_.find(*storage_key);
    if (storage == storages_by_key_.end()) return Expected(offset, "the key of a storage", (*triple)[1]);
    // The number has eight bytes, of which the upper four are undefined.
    absl::StatusOr<std::uint64_t> ndim = reader.ReadNumber();
    if (!ndim.ok()) return ndim.status();
    const std::size_t dimensions = static_cast<std::uint32_t>(*ndim);
    if (dimensions > kLimits.dimensions) {
      return absl::ResourceExhaustedError(absl::StrCat("offset ", offset, ": expected at most ", kLimits.dimensions,
                                                       " dimensions, found ", dimensions));
    }
    TensorSpec spec;
    spec.dtype = storage->second.dtype;
    spec.storage = storage->second.storage;
    spec.device = spec.storage->device;
    for (Sizes* const numbers : {&spec.size, &spec.stride}) {
      for (std::size_t i = 0; i < dimensions; ++i) {
        absl::StatusOr<std::uint64_t> number = reader.ReadNumber();
        if (!number.ok()) return number.status();
        numbers->push_back(static_cast<std::int64_t>(*number));
      }
    }
    absl::StatusOr<std::uint64_t> storage_offset = reader.ReadNumber();
    if (!storage_offset.ok()) return storage_offset.status();
    spec.storage_offset = static_cast<std::int64_t>(*storage_offset);
    absl::StatusOr<std::int64_t> reached = BytesReached(spec.size, spec.stride, spec.storage_offset, spec.dtype);
    if (!reached.ok()) return WithContext(absl::StrCat("offset ", offset), reached.status());
    if (*reached > spec.storage->size_bytes) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a tensor inside its storage of ",
                                              spec.storage->size_bytes, " bytes, found one that ends at ", *reached));
    }
    tensors_[*key] = &specs_.emplace_back(std::move(spec));
    return absl::OkStatus();
  }

  absl::Status ReadObject(Checkpoint& checkpoint) {
    MemberReader reader = Open(kPickle);
    absl::StatusOr<Unpickled> object = reader.ReadPickle();
    if (!object.ok()) return object.status();
    for (PicklePersistent* const persistent : object->persistent) {
      if (GlobalOf(persistent) != nullptr) continue;  // The class of a module, with its source.
      const std::optional<Key> key = TensorKey(persistent->id);
      const auto tensor = key.has_value() ? tensors_.find(*key) : tensors_.end();
      if (tensor == tensors_.end()) return Expected(persistent->offset, "the key of a tensor", persistent->id);
      storages_.SetTensor(persistent, tensor->second);
    }
    RecordMaker records(options_);
    Flattener flattener(storages_, options_.map_location, records, checkpoint);
    if (absl::Status status = flattener.Walk("", object->root); !status.ok()) return status;
    checkpoint.storages = records.TakeLocations();
    return absl::OkStatus();
  }

  // The key of a tensor is an int, or a str of its digits.
  static std::optional<Key> TensorKey(const PickleValue& id) {
    if (const Key* const number = std::get_if<Key>(&id)) return *number;
    const std::string* const text = AsText(id);
    if (text == nullptr) return std::nullopt;
    Key key = 0;
    const std::from_chars_result result = std::from_chars(text->data(), text->data() + text->size(), key);
    return result.ec == std::errc() && result.ptr == text->data() + text->size() ? std::optional(key) : std::nullopt;
  }

  static absl::Status Expected(std::uint64_t offset, std::string_view wanted, const PickleValue& found) {
    return absl::DataLossError(
        absl::StrCat("offset ", offset, ": expected ", std::string(wanted), ", found ", DescribeKind(found)));
  }

  const File& file_;
  const TarDirectory& directory_;
  const ReadOptions options_;
  PickleHeap heap_;
  StorageTable storages_;
  absl::flat_hash_map<Key, TypedStorage> storages_by_key_;
  std::deque<TensorSpec> specs_;
  absl::flat_hash_map<Key, const TensorSpec*> tensors_;
};

}  // namespace

bool IsTorchTar(const FileProbe& probe) {
  if (!IsTar(probe.head)) return false;
  // No other archive has a member of this name. It is the first one, so a truncated file usually has it too.
  return ReadTarDirectory(*probe.file).members.contains("sys_info");
}

absl::StatusOr<Checkpoint> ReadTorchTar(const FileProbe& probe, const ReadOptions& options) {
  const TarDirectory directory = ReadTarDirectory(*probe.file);
  if (!directory.status.ok()) return directory.status;
  for (const std::string_view member : kMembers) {
    if (!directory.members.contains(std::string(member))) {
      return WithContext(MemberPlace(member), absl::DataLossError("is missing"), ", ");
    }
  }
  return TarReader(*probe.file, directory, options).Read();
}

}  // namespace metaconv
