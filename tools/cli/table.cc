#include "tools/cli/table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "c10/core/ScalarType.h"
#include "meta/python_repr.h"
#include "tools/cli/record_index.h"

namespace metaconv::cli {
namespace {

constexpr std::size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

// "torch.float32" -> "float32"
std::string WithoutTorch(const std::string& repr) { return repr.substr(repr.find('.') + 1); }

std::string Ints(c10::SymIntArrayRef values) {
  std::vector<std::string> texts;
  for (const c10::SymInt& value : values) texts.push_back(PythonRepr(value));
  return absl::StrCat("[", absl::StrJoin(texts, ", "), "]");
}

bool IsContiguous(const MetaTensorDesc& desc) {
  c10::SymInt expected = 1;
  for (std::size_t i = desc.size.size(); i-- > 0;) {
    const std::optional<std::int64_t> extent = desc.size[i].maybe_as_int();
    const std::optional<std::int64_t> stride = (*desc.stride)[i].maybe_as_int();
    if (!extent.has_value() || !stride.has_value()) return false;
    if (*extent == 0) return true;
    if (*extent != 1 && *stride != expected.maybe_as_int()) return false;
    expected = expected * *extent;
  }
  return true;
}

std::string Storage(const MetaTensorDesc& desc) {
  if (!desc.storage.has_value()) return "-";
  const std::string id = absl::StrCat("#", desc.storage->id);
  return desc.storage_offset.maybe_as_int() == 0 ? id : absl::StrCat(id, "+", PythonRepr(desc.storage_offset));
}

// The number of elements times the element size. Expanded dimensions count with their full extent.
std::string Bytes(const MetaTensorDesc& desc) {
  std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(desc.dtype));
  for (const c10::SymInt& extent : desc.size) {
    const std::optional<std::int64_t> plain = extent.maybe_as_int();
    if (!plain.has_value() || __builtin_mul_overflow(bytes, *plain, &bytes)) return "-";
  }
  return absl::StrCat(bytes);
}

std::string Notes(const MetaTensorDesc& desc, const std::string* same_as) {
  std::vector<std::string> notes;
  if (same_as != nullptr) notes.push_back(absl::StrCat("same tensor as ", DisplayName(*same_as)));
  if (desc.layout != c10::Layout::Strided) notes.push_back(WithoutTorch(PythonRepr(desc.layout)));
  if (desc.is_parameter) notes.push_back("parameter");
  if (desc.requires_grad) notes.push_back(desc.is_leaf ? "requires grad" : "requires grad, not a leaf");
  if (desc.is_view) notes.push_back("view");
  if (desc.stride.has_value() && !IsContiguous(desc)) notes.push_back(absl::StrCat("stride ", Ints(*desc.stride)));
  if (desc.is_conj) notes.push_back("conj");
  if (desc.is_neg) notes.push_back("neg");
  if (desc.is_inference) notes.push_back("inference");
  if (desc.grad() != nullptr) notes.push_back("has grad");
  return absl::StrJoin(notes, ", ");
}

void WriteRows(const std::vector<Row>& rows, std::ostream& os) {
  std::array<std::size_t, kColumns> widths = {};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) {
      absl::StrAppend(&line, row[i], i + 1 < kColumns ? std::string(widths[i] - row[i].size() + 2, ' ') : "");
    }
    os << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

std::string Count(std::size_t count, const char* noun) { return absl::StrCat(count, " ", noun, count == 1 ? "" : "s"); }

}  // namespace

std::string HumanBytes(std::int64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " bytes");
  double scaled = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; scaled >= 1024 && unit + 1 < kUnits.size(); ++unit) scaled /= 1024;
  return absl::StrFormat("%.1f %s (%d bytes)", scaled, kUnits[unit], bytes);
}

std::string DisplayName(const std::string& name) {
  return name.empty() ? "(the file)" : absl::Utf8SafeCHexEscape(name);
}

void WriteTable(std::span<const NamedTensor> tensors, std::span<const OpaqueObject> opaque, std::ostream& os) {
  std::vector<Row> rows = {{"NAME", "DTYPE", "SIZE", "STORAGE", "BYTES", "DEVICE", "NOTES"}};
  std::map<MetaTensorId, const std::string*> first_name;
  for (const NamedTensor& tensor : tensors) {
    const MetaTensorDesc& desc = *tensor.desc;
    const auto [first, is_first] = first_name.emplace(desc.id, &tensor.name);
    rows.push_back({DisplayName(tensor.name), WithoutTorch(PythonRepr(desc.dtype)), Ints(desc.size), Storage(desc),
                    Bytes(desc), desc.device.str(), Notes(desc, is_first ? nullptr : first->second)});
  }
  if (!tensors.empty()) WriteRows(rows, os);
  for (const OpaqueObject& object : opaque) {
    os << DisplayName(object.name)
       << "  (not read, unknown class or function: " << absl::Utf8SafeCHexEscape(object.type) << ")\n";
  }
  const RecordIndex index(tensors);
  os << Count(first_name.size(), "tensor") << " under " << Count(tensors.size(), "name") << ", "
     << Count(index.storages().size(), "storage") << ", " << HumanBytes(index.total_bytes()) << '\n';
}

}  // namespace metaconv::cli
