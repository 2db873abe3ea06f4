#include "meta/from_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/as_json.h"
#include "meta/field_from_json.h"
#include "meta/json_depth.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/references.h"
#include "meta/same_value.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

constexpr const char* kDescriberId = "describer_id";

absl::Status WithField(std::string_view where, std::string_view field, const absl::Status& status) {
  return WithContext(where, WithContext(field, status));
}

absl::Status Malformed(std::string_view where, std::string_view field, std::string_view expected,
                       std::string_view found) {
  return WithField(
      where, field,
      absl::InvalidArgumentError(absl::StrCat("expected ", std::string(expected), ", found ", std::string(found))));
}

absl::Status NoObject(std::string_view where, const Json& json) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(where), ": expected an object, found ", FoundText(json)));
}

// Checks that `json` is an object that has all `required` fields and no fields other than `known`.
absl::Status CheckFields(std::string_view where, const Json& json, const std::vector<std::string>& required,
                         const absl::flat_hash_set<std::string>& known) {
  if (!json.is_object()) return NoObject(where, json);
  for (const std::string& field : required) {
    if (!json.contains(field)) return Malformed(where, field, "a value", "none");
  }
  for (const auto& [field, value] : json.items()) {
    if (!known.contains(field)) return Malformed(where, FoundText(field), "a known field", "an unknown one");
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadField(std::string_view where, const Json& json, const char* field, const RecordSet& records,
                       T& value) {
  return WithField(where, field, FromFieldJson(json.at(field), records, value));
}

const std::vector<std::string>& RequiredTensorFields() {
  static const auto& fields = *[] {
    auto* fields = new std::vector<std::string>();
    ForEachField([&](const FieldInfo& info, auto) {
      if (info.always) fields->push_back(info.name);
    });
    fields->push_back(kDescriberId);
    return fields;
  }();
  return fields;
}

const absl::flat_hash_set<std::string>& TensorFields() {
  static const auto& fields = *[] {
    auto* fields = new absl::flat_hash_set<std::string>({kDescriberId, kViewFuncCalls, kViewFuncCaptured});
    ForEachField([&](const FieldInfo& info, auto) { fields->insert(info.name); });
    return fields;
  }();
  return fields;
}

// Parses one document. All records are created first and filled in afterwards, because they may refer to each other in
// any order.
class Reader {
 public:
  explicit Reader(const RecordDecoders& decoders) : decoders_(decoders) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // After an error, the records may contain reference cycles, or chains too long for recursive destruction. Clearing
  // each record breaks both.
  ~Reader() {
    for (const Entry& entry : entries_) *entry.desc = MetaTensorDesc();
  }

  absl::StatusOr<RecordSet> Read(const Json& document) {
    absl::Status status = CheckFields("document", document, {"storages", "tensors"}, {"storages", "tensors"});
    if (status.ok()) status = ForEachRecord(document, "storages", [&](auto&... a) { return ReadStorage(a...); });
    if (status.ok()) status = ForEachRecord(document, "tensors", [&](auto&... a) { return AddTensor(a...); });
    for (std::size_t i = 0; i < entries_.size() && status.ok(); ++i) status = ReadTensor(entries_[i]);
    if (status.ok()) status = CheckNesting();
    if (!status.ok()) return status;
    entries_.clear();
    return std::move(records_);
  }

 private:
  struct Entry {
    std::shared_ptr<MetaTensorDesc> desc;
    const Json* json;
    std::string where;
  };

  template <typename Visitor>
  absl::Status ForEachRecord(const Json& document, const char* list, Visitor visit) {
    const Json& records = document.at(list);
    if (!records.is_array()) return WithField("document", list, Unexpected("a list", records));
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::string where = absl::StrCat(list, "[", i, "]");
      if (absl::Status status = visit(where, records[i]); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Error messages name the record by its id, so the id is parsed before the other fields.
  absl::StatusOr<std::int64_t> ReadId(const std::string& where, const Json& json) const {
    if (!json.is_object()) return NoObject(where, json);
    if (!json.contains("id")) return Malformed(where, "id", "a value", "none");
    std::int64_t id = 0;
    if (absl::Status status = ReadField(where, json, "id", records_, id); !status.ok()) return status;
    return id;
  }

  // Ids are unique only within one describer, so all records of a document must come from the same describer.
  absl::Status ReadDescriber(const std::string& where, const Json& json) {
    DescriberId describer = 0;
    if (absl::Status status = ReadField(where, json, kDescriberId, records_, describer); !status.ok()) return status;
    if (describer_.value_or(describer) != describer) {
      return Malformed(where, kDescriberId, absl::StrCat(*describer_, ", the describer_id of the preceding records"),
                       absl::StrCat(describer));
    }
    describer_ = describer;
    return absl::OkStatus();
  }

  absl::Status ReadStorage(const std::string& place, const Json& json) {
    const absl::StatusOr<std::int64_t> id = ReadId(place, json);
    if (!id.ok()) return id.status();
    const std::string where = absl::StrCat("storage ", *id);
    absl::Status status = CheckFields(where, json, {"id", kDescriberId, "size"}, {"id", kDescriberId, "size"});
    MetaStorageDesc desc = {.id = *id};
    if (status.ok()) status = ReadDescriber(where, json);
    if (status.ok()) status = ReadField(where, json, "size", records_, desc.size);
    if (status.ok() && !records_.storages.emplace(*id, std::move(desc)).second) status = Twice(where);
    return status;
  }

  absl::Status AddTensor(const std::string& place, const Json& json) {
    const absl::StatusOr<std::int64_t> id = ReadId(place, json);
    if (!id.ok()) return id.status();
    Entry entry = {.desc = std::make_shared<MetaTensorDesc>(), .json = &json, .where = absl::StrCat("record ", *id)};
    if (!records_.tensors.emplace(*id, entry.desc).second) return Twice(entry.where);
    entries_.push_back(std::move(entry));
    return absl::OkStatus();
  }

  static absl::Status Twice(const std::string& where) { return Malformed(where, "id", "a unique id", "a duplicate"); }

  absl::Status ReadTensor(const Entry& entry) {
    const Json& json = *entry.json;
    absl::Status status = CheckFields(entry.where, json, RequiredTensorFields(), TensorFields());
    if (status.ok()) status = ReadDescriber(entry.where, json);
    const MetaTensorDesc defaults;
    ForEachField([&](const FieldInfo& info, auto field) {
      const auto found = json.find(info.name);
      if (!status.ok() || found == json.end()) return;
      if constexpr (std::is_lvalue_reference_v<decltype(field(*entry.desc))>) {
        std::remove_cvref_t<decltype(field(*entry.desc))> value = field(defaults);
        status =
            WithField(entry.where, info.name,
                      info.as_repr ? FromReprJson(*found, records_, value) : FromFieldJson(*found, records_, value));
        // A default is not stored, so that no group of fields is allocated for it.
        if (status.ok() && !SameValue(value, field(defaults))) field(*entry.desc) = std::move(value);
      }
    });
    if (status.ok()) status = ReadViewFuncCalls(entry);
    return status.ok() ? ReadNdim(entry) : status;
  }

  // Restores the function that the field `view_func` only names.
  absl::Status ReadViewFuncCalls(const Entry& entry) {
    const auto calls = entry.json->find(kViewFuncCalls);
    if (calls == entry.json->end()) {
      if (!entry.json->contains(kViewFuncCaptured)) return absl::OkStatus();
      return Malformed(entry.where, kViewFuncCalls, "the calls that captured tensors", "none");
    }
    const std::shared_ptr<const ViewFunc>& named = entry.desc->extras->view_func;
    if (named == nullptr) return Malformed(entry.where, "view_func", "the name of the calls", "none");
    if (IsDeeperThan(*calls, kMaxCallsDepth)) {
      return Malformed(entry.where, kViewFuncCalls, absl::StrCat("values nested at most ", kMaxCallsDepth, " deep"),
                       "more");
    }
    std::vector<CapturedTensor> captured;
    if (absl::Status status = ReadCaptured(entry, captured); !status.ok()) return status;
    EncodedValue encoded = {.type = std::string(kOperatorCalls),
                            .bytes = calls->dump(-1, ' ', false, Json::error_handler_t::replace)};
    absl::StatusOr<std::shared_ptr<const ViewFunc>> func =
        DecodeViewFunc(decoders_, named->Name(), std::move(encoded), std::move(captured));
    if (!func.ok()) return WithField(entry.where, kViewFuncCalls, func.status());
    entry.desc->extras.Edit().view_func = *std::move(func);
    return absl::OkStatus();
  }

  absl::Status ReadCaptured(const Entry& entry, std::vector<CapturedTensor>& captured) const {
    const auto ids = entry.json->find(kViewFuncCaptured);
    if (ids == entry.json->end()) return absl::OkStatus();
    std::vector<MetaTensorDescPtr> records;
    absl::Status status = FromList<MetaTensorDescPtr>(*ids, records_, records);
    for (MetaTensorDescPtr& record : records) {
      if (status.ok() && record == nullptr) status = Unexpected("the id of a record", nullptr);
      captured.push_back({.desc = std::move(record), .tensor = {}});
    }
    return WithField(entry.where, kViewFuncCaptured, status);
  }

  // `ndim` follows from the sizes, except for nested tensors, which have none.
  absl::Status ReadNdim(const Entry& entry) {
    MetaTensorDesc& desc = *entry.desc;
    std::int64_t ndim = 0;
    absl::Status status = ReadField(entry.where, *entry.json, "ndim", records_, ndim);
    if (!status.ok()) return status;
    if (desc.is_nested) desc.edit_nested().ndim = ndim;
    if (desc.ndim() == ndim) return absl::OkStatus();
    return Malformed(entry.where, "size", absl::StrCat(ndim, " extents (ndim)"), absl::StrCat(desc.ndim()));
  }

  // Checks that no record contains itself and that none is nested too deeply. Depth first, with an explicit stack
  // instead of recursion.
  absl::Status CheckNesting() {
    absl::flat_hash_map<const MetaTensorDesc*, int> heights;  // Of the records that were visited completely.
    for (const Entry& entry : entries_) {
      if (absl::Status status = CheckNesting(*entry.desc, heights); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  struct Step {
    const MetaTensorDesc* desc;
    std::vector<std::pair<std::string, const MetaTensorDesc*>> nested;
    std::size_t next = 0;
    int height = 1;
  };

  static Step MakeStep(const MetaTensorDesc& desc) {
    Step step = {.desc = &desc, .nested = {}};
    ForEachReference(
        desc, [&](const char* name, const MetaTensorDescPtr& nested) { step.nested.emplace_back(name, nested.get()); });
    return step;
  }

  static absl::Status CheckNesting(const MetaTensorDesc& root,
                                   absl::flat_hash_map<const MetaTensorDesc*, int>& heights) {
    if (heights.contains(&root)) return absl::OkStatus();
    absl::flat_hash_set<const MetaTensorDesc*> open = {&root};
    std::vector<Step> stack;
    stack.push_back(MakeStep(root));
    while (!stack.empty()) {
      Step& step = stack.back();
      if (step.next == step.nested.size()) {
        heights[step.desc] = step.height;
        open.erase(step.desc);
        stack.pop_back();
        continue;
      }
      const auto& [field, nested] = step.nested[step.next];
      const std::string where = absl::StrCat("record ", step.desc->id);
      if (open.contains(nested)) {
        return Malformed(where, field, "records that do not contain themselves",
                         absl::StrCat("record ", nested->id, ", which contains this one"));
      }
      if (const auto known = heights.find(nested); known != heights.end()) {
        step.height = std::max(step.height, known->second + 1);
        if (step.height > kMaxRecordDepth) {
          return Malformed(where, field, absl::StrCat("records nested at most ", kMaxRecordDepth, " deep"), "more");
        }
        ++step.next;
        continue;
      }
      open.insert(nested);
      stack.push_back(MakeStep(*nested));
    }
    return absl::OkStatus();
  }

  const RecordDecoders& decoders_;
  RecordSet records_;
  std::vector<Entry> entries_;
  std::optional<DescriberId> describer_;
};

}  // namespace

absl::StatusOr<RecordSet> RecordsFromJson(const Json& document, const RecordDecoders& decoders) {
  return Reader(decoders).Read(document);
}

}  // namespace metaconv
