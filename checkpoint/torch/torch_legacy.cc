#include "checkpoint/torch/torch_legacy.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/io/utf8.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/pickle/unpickler.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/record_maker.h"
#include "checkpoint/storage_location.h"
#include "checkpoint/torch/flatten.h"
#include "checkpoint/torch/refuse_commands.h"
#include "checkpoint/torch/storage_id.h"
#include "checkpoint/torch/storage_table.h"
#include "checkpoint/torch/torch_globals.h"

namespace metaconv {
namespace {

// The file begins with this integer as a pickle: 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::size_t kMagicWithin = 32;  // It follows the opcodes PROTO, optionally FRAME, and LONG1.

constexpr std::int64_t kProtocolVersion = 1001;

constexpr std::size_t kCountBytes = 8;  // The number of elements precedes the bytes of each storage.

// Reads one file, part by part.
class LegacyReader {
 public:
  LegacyReader(const File& file, const ReadOptions& options)
      : file_(file),
        options_(options),
        source_(file, 0),
        reader_(source_, file.size()),
        heap_(kLimits.pickle_heap_bytes) {}

  absl::StatusOr<Checkpoint> Read() {
    if (absl::Status status = ReadPreamble(); !status.ok()) return status;
    absl::StatusOr<Unpickled> object = Unpickle(reader_, heap_);
    if (!object.ok()) return object.status();
    absl::StatusOr<Unpickled> keys = Unpickle(reader_, heap_);
    if (!keys.ok()) return keys.status();
    if (absl::Status status = RefuseCommands(heap_); !status.ok()) return status;
    for (PicklePersistent* const persistent : object->persistent) {
      if (absl::Status status = Resolve(persistent); !status.ok()) return status;
    }
    if (absl::Status status = FindStorages(keys->root); !status.ok()) return status;
    PlaceViews();

    Checkpoint checkpoint;
    RecordMaker records(options_);
    Flattener flattener(storages_, options_.map_location, records, checkpoint);
    if (absl::Status status = flattener.Walk("", object->root); !status.ok()) return status;
    checkpoint.storages = records.TakeLocations();
    return checkpoint;
  }

 private:
  // The storage of a key, with the dtype of the first reference to it.
  struct Keyed {
    TypedStorage storage;
    std::uint64_t offset = 0;  // Of the first reference, in the file.
    bool has_data = false;
  };

  // A storage whose bytes are a part of those of another one.
  struct StorageView {
    CheckpointStorage* storage;
    const CheckpointStorage* root;
    std::uint64_t offset;  // In bytes.
  };

  absl::Status ReadPreamble() {
    absl::StatusOr<Unpickled> magic = Unpickle(reader_, heap_);
    if (!magic.ok()) return magic.status();
    const PickleBigInt* const number = As<PickleBigInt>(magic->root);
    if (number == nullptr || number->little_endian != kMagic) {
      return absl::DataLossError("offset 0: expected the magic number of torch.save");
    }
    const std::uint64_t version_offset = reader_.offset();
    absl::StatusOr<Unpickled> version = Unpickle(reader_, heap_);
    if (!version.ok()) return version.status();
    const std::int64_t* const protocol = std::get_if<std::int64_t>(&version->root);
    if (protocol == nullptr || *protocol != kProtocolVersion) {
      return absl::DataLossError(absl::StrCat("offset ", version_offset, ": expected protocol version ",
                                              kProtocolVersion, ", found ", DescribeKind(version->root)));
    }
    // The third pickle has the byte order and the sizes of integers of the machine that wrote the file. It is ignored,
    // since the file is always little-endian.
    return Unpickle(reader_, heap_).status();
  }

  absl::Status Resolve(PicklePersistent* persistent) {
    if (GlobalOf(persistent) != nullptr) return absl::OkStatus();  // The class of a module, with its source.
    absl::StatusOr<StorageId> id = ParseStorageId(*persistent);
    if (!id.ok()) return id.status();
    absl::StatusOr<TypedStorage> root = Root(*id);
    if (!root.ok()) return root.status();
    if (std::holds_alternative<PickleNone>(id->view)) {
      storages_.Set(persistent, *root);
      return absl::OkStatus();
    }
    absl::StatusOr<TypedStorage> view = View(*id, *root);
    if (!view.ok()) return view.status();
    storages_.Set(persistent, *view);
    return absl::OkStatus();
  }

  absl::StatusOr<TypedStorage> Root(const StorageId& id) {
    const auto [found, is_new] = by_key_.try_emplace(*id.key);
    Keyed& keyed = found->second;
    if (is_new) {
      absl::StatusOr<c10::Device> device = StorageDevice(id, options_.map_location);
      if (!device.ok()) return device.status();
      keyed = {.storage = {storages_.New(*device, id.size_bytes), id.dtype}, .offset = id.offset, .has_data = false};
    }
    CheckpointStorage* const storage = keyed.storage.storage;
    if (keyed.storage.dtype == id.dtype || storage->size_bytes == id.size_bytes) return TypedStorage{storage, id.dtype};
    // If two references have different sizes, Python makes an empty storage for the second one.
    return TypedStorage{storages_.New(storage->device, 0), id.dtype};
  }

  // A view of a storage. It shares the memory of the storage, but as in Python it is a separate storage with its own id
  // and size.
  absl::StatusOr<TypedStorage> View(const StorageId& id, const TypedStorage& root) {
    const auto malformed = [&id](std::string_view found) {
      return absl::DataLossError(absl::StrCat(
          "offset ", id.offset, ": persistent id: expected a view (key, offset, size) inside its storage, found ",
          std::string(found)));
    };
    const PickleTuple* const view = As<PickleTuple>(id.view);
    if (view == nullptr || view->items.size() != 3) return malformed(DescribeKind(id.view));
    const std::string* const key = AsText(view->items[0]);
    const std::int64_t* const offset = std::get_if<std::int64_t>(&view->items[1]);
    const std::int64_t* const numel = std::get_if<std::int64_t>(&view->items[2]);
    if (key == nullptr || offset == nullptr || numel == nullptr) return malformed("values of other types");
    if (const auto found = by_key_.find(*key); found != by_key_.end()) return found->second.storage;
    const std::int64_t item_size = static_cast<std::int64_t>(c10::elementSize(id.dtype));
    const std::optional<std::int64_t> end = CheckedSum(*offset, *numel);
    const std::optional<std::int64_t> end_bytes = end.has_value() ? CheckedProduct(*end, item_size) : std::nullopt;
    if (*offset < 0 || *numel < 0 || !end_bytes.has_value() || *end_bytes > root.storage->size_bytes) {
      return malformed(absl::StrCat("offset ", *offset, " and size ", *numel));
    }
    const TypedStorage storage{storages_.New(root.storage->device, *numel * item_size), id.dtype};
    by_key_[*key] = {.storage = storage, .offset = id.offset, .has_data = true};
    views_.push_back({storage.storage, root.storage, static_cast<std::uint64_t>(*offset * item_size)});
    return storage;
  }

  // After the pickles follow the storages in the order of the keys: the number of elements, then the elements, all
  // little-endian.
  absl::Status FindStorages(const PickleValue& keys) {
    const PickleList* const list = As<PickleList>(keys);
    if (list == nullptr) {
      return absl::DataLossError(
          absl::StrCat("offset ", reader_.offset(), ": expected a list of storage keys, found ", DescribeKind(keys)));
    }
    if (list->items.size() > kLimits.legacy_storages) {
      return absl::ResourceExhaustedError(
          absl::StrCat("expected at most ", kLimits.legacy_storages, " storages, found ", list->items.size()));
    }
    std::uint64_t offset = reader_.offset();
    for (const PickleValue& key : list->items) {
      const std::string* const text = AsText(key);
      const auto found = text == nullptr ? by_key_.end() : by_key_.find(*text);
      if (found == by_key_.end()) {
        return absl::DataLossError(absl::StrCat("offset ", offset, ": expected the key of a storage, found '",
                                                EscapeInvalidUtf8(KeyText(key)), "'"));
      }
      if (found->second.has_data) {
        return absl::DataLossError(absl::StrCat("offset ", offset,
                                                ": expected the key of a storage that is not a view, ",
                                                "and each key once, found '", EscapeInvalidUtf8(*text), "'"));
      }
      absl::StatusOr<std::uint64_t> size = StorageSizeAt(offset, found->second.storage);
      if (!size.ok()) return size.status();
      found->second.has_data = true;
      StorageLocation& location = found->second.storage.storage->location;
      location.bytes = StorageBytes::kPlain;
      location.offset = offset + kCountBytes;
      location.size_in_file = *size;
      location.swap_size = SwapSize(found->second.storage.dtype, std::endian::little);
      offset += kCountBytes + *size;
    }
    const Keyed* missing = nullptr;
    for (const auto& [key, keyed] : by_key_) {
      if (!keyed.has_data && (missing == nullptr || keyed.offset < missing->offset)) missing = &keyed;
    }
    if (missing != nullptr) {
      return absl::DataLossError(
          absl::StrCat("offset ", missing->offset, ": expected data for this storage, found none in the file"));
    }
    return absl::OkStatus();
  }

  // In the order of the pickle, in which a storage comes before its views.
  void PlaceViews() {
    for (const StorageView& view : views_) {
      StorageLocation& location = view.storage->location;
      location = view.root->location;
      location.offset += view.offset;
      location.size_in_file = static_cast<std::uint64_t>(view.storage->size_bytes);
    }
  }

  // Reads the size of a storage, in bytes, and compares it with the reference and the size of the file.
  absl::StatusOr<std::uint64_t> StorageSizeAt(std::uint64_t offset, const TypedStorage& storage) {
    char bytes[kCountBytes];
    absl::StatusOr<std::size_t> got = file_.ReadAt(offset, bytes, kCountBytes);
    if (!got.ok()) return got.status();
    if (*got < kCountBytes) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a storage, found the end of the file"));
    }
    std::uint64_t numel = 0;
    for (std::size_t i = kCountBytes; i-- > 0;) numel = numel << 8 | static_cast<unsigned char>(bytes[i]);
    const std::uint64_t size = static_cast<std::uint64_t>(storage.storage->size_bytes);
    const std::uint64_t item_size = c10::elementSize(storage.dtype);
    if (numel != size / item_size) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a storage of ", size / item_size,
                                              " elements, found one of ", numel));
    }
    const std::uint64_t rest = file_.size() - offset - kCountBytes;
    if (size > rest) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a storage of ", size, " bytes, found ",
                                              rest, " up to the end of the file"));
    }
    return size;
  }

  const File& file_;
  const ReadOptions options_;
  FileByteSource source_;
  ByteReader reader_;
  PickleHeap heap_;
  StorageTable storages_;
  absl::flat_hash_map<std::string, Keyed> by_key_;
  std::vector<StorageView> views_;
};

}  // namespace

bool IsTorchLegacy(const FileProbe& probe) {
  return probe.head.starts_with('\x80') &&
         std::string_view(probe.head).substr(0, kMagicWithin).find(kMagic) != std::string_view::npos;
}

absl::StatusOr<Checkpoint> ReadTorchLegacy(const FileProbe& probe, const ReadOptions& options) {
  return LegacyReader(*probe.file, options).Read();
}

}  // namespace metaconv
