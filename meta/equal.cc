#include "meta/equal.h"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "meta/field_json.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/same_value.h"

namespace metaconv {

// The state of one comparison: the pairs of records that were visited and the differences found so far.
class Equal::Walk {
 public:
  // If `differences` is null, only equality matters, and the comparison stops at the first difference.
  Walk(const Equal& rules, std::vector<std::string>* differences) : rules_(rules), differences_(differences) {}

  bool equal() const { return equal_; }

  void Compare(const std::string& path, const MetaTensorDesc& a, const MetaTensorDesc& b) {
    if (Done() || &a == &b || !seen_.insert({&a, &b}).second) return;
    ForEachField([&](const FieldInfo& info, auto field) {
      if (Done() || Ignored(info)) return;
      Field(path, info.name, field(a), field(b));
    });
  }

  void Field(const std::string& path, const char* name, const MetaTensorDescPtr& a, const MetaTensorDescPtr& b) {
    if (a == nullptr || b == nullptr) {
      if (a != b) Differ(path, name, Present(a != nullptr), Present(b != nullptr));
      return;
    }
    Compare(differences_ == nullptr ? path : absl::StrCat(path, name, "."), *a, *b);
  }

  using Storage = std::optional<MetaStorageDesc>;
  void Field(const std::string& path, const char* name, const Storage& a, const Storage& b) {
    if (!a.has_value() || !b.has_value()) {
      if (a.has_value() != b.has_value()) Differ(path, name, Present(a.has_value()), Present(b.has_value()));
      return;
    }
    if (rules_.ids_ && a->id != b->id) Differ(path, "storage.id", a->id, b->id);
    if (!SameValue(a->size, b->size)) Differ(path, "storage.size", FieldJson(a->size), FieldJson(b->size));
    if (rules_.process_local_ && !SameValue(a->data, b->data)) Differ(path, "storage.data", "one storage", "another");
  }

  using Attrs = decltype(WrapperFields::attrs);
  void Field(const std::string& path, const char* name, const Attrs& a, const Attrs& b) {
    const auto names = [](const Attrs& attrs) {
      Json list = Json::array();
      if (!attrs.has_value()) return Json(nullptr);
      for (const auto& [attr, desc] : *attrs) list.push_back(attr);
      return list;
    };
    if (names(a) != names(b)) return Differ(path, name, names(a), names(b));
    if (!a.has_value()) return;
    for (std::size_t i = 0; i < a->size(); ++i) Field(path, (*a)[i].first.c_str(), (*a)[i].second, (*b)[i].second);
  }

  template <typename T>
  void Field(const std::string& path, const char* name, const T& a, const T& b) {
    if (!SameValue(a, b)) Differ(path, name, FieldJson(a), FieldJson(b));
  }

 private:
  bool Done() const { return !equal_ && differences_ == nullptr; }

  bool Ignored(const FieldInfo& info) const {
    const std::string_view name = info.name;
    return (name == "id" && !rules_.ids_) || (name == "device" && !rules_.device_) ||
           (name == "view_func" && !rules_.view_func_) || (info.process_local && !rules_.process_local_);
  }

  static Json Present(bool present) { return present ? "present" : "absent"; }

  void Differ(const std::string& path, const char* name, const Json& a, const Json& b) {
    equal_ = false;
    if (differences_ != nullptr) differences_->push_back(absl::StrCat(path, name, ": ", a.dump(), " vs ", b.dump()));
  }

  const Equal& rules_;
  std::vector<std::string>* differences_;
  bool equal_ = true;
  // Records form a graph, not a tree: without this set, shared nested records would be visited exponentially often.
  absl::flat_hash_set<std::pair<const MetaTensorDesc*, const MetaTensorDesc*>> seen_;
};

Equal& Equal::IgnoreIds() {
  ids_ = false;
  return *this;
}

Equal& Equal::IgnoreDevice() {
  device_ = false;
  return *this;
}

Equal& Equal::IgnoreViewFunc() {
  view_func_ = false;
  return *this;
}

Equal& Equal::IgnoreProcessLocal() {
  process_local_ = false;
  return *this;
}

bool Equal::operator()(const MetaTensorDesc& a, const MetaTensorDesc& b) const {
  Walk walk(*this, nullptr);
  walk.Compare("", a, b);
  return walk.equal();
}

bool Equal::operator()(const MetaStorageDesc& a, const MetaStorageDesc& b) const {
  return (!ids_ || a.id == b.id) && SameValue(a.size, b.size) && (!process_local_ || SameValue(a.data, b.data));
}

std::vector<std::string> Equal::Differences(const MetaTensorDesc& a, const MetaTensorDesc& b) const {
  std::vector<std::string> differences;
  Walk(*this, &differences).Compare("", a, b);
  return differences;
}

bool operator==(const MetaTensorDesc& a, const MetaTensorDesc& b) { return Equal()(a, b); }
bool operator==(const MetaStorageDesc& a, const MetaStorageDesc& b) { return Equal()(a, b); }

}  // namespace metaconv
