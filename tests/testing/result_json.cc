#include "tests/testing/result_json.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Layout.h"
#include "c10/core/Storage.h"
#include "meta/creation_meta.h"
#include "meta/python_repr.h"
#include "meta/torch_status.h"
#include "tests/testing/kind_json.h"
#include "torch/csrc/autograd/function.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

// Null if LibTorch raises an error because the tensor does not have the property.
template <typename Get>
Json OrNull(Get get) {
  const absl::StatusOr<Json> value = CatchTorch("property", [&]() -> Json { return get(); });
  return value.ok() ? *value : Json(nullptr);
}

bool IsStridedNested(const at::Tensor& tensor) { return tensor.is_nested() && tensor.layout() == at::kStrided; }

class Results {
 public:
  explicit Results(ResultProperties which) : which_(which) {}

  Json Add(const at::Tensor& tensor) {
    if (!tensor.defined()) return nullptr;
    const auto known =
        std::find_if(tensors_.begin(), tensors_.end(), [&](const at::Tensor& t) { return t.is_same(tensor); });
    if (known != tensors_.end()) return known - tensors_.begin();
    const std::size_t index = tensors_.size();
    tensors_.push_back(tensor);
    properties_.push_back(nullptr);
    properties_[index] = Properties(tensor);
    return index;
  }

  // At the end, because it modifies the bases.
  void CompareVersions() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].is_view()) properties_[i]["version_shared_with_base"] = VersionIsShared(tensors_[i]);
    }
  }

  Json Storages() const {
    Json storages = Json::array();
    for (const c10::Storage& storage : storages_) storages.push_back({{"nbytes", storage.nbytes()}});
    return storages;
  }
  const Json& Tensors() const { return properties_; }

 private:
  static Json VersionIsShared(const at::Tensor& view) {
    const at::Tensor base(view._base());
    if (view.is_inference() || base.is_inference()) return nullptr;
    const std::int64_t before = view._version();
    torch::autograd::impl::bump_version(base);
    return view._version() == before + 1;
  }

  // The name of the node without its namespace, as in Python's class names.
  static Json GradFn(const at::Tensor& tensor) {
    const auto& node = tensor.grad_fn();
    if (node == nullptr) return nullptr;
    const std::string name = node->name();
    return name.substr(name.rfind(':') + 1);
  }

  Json AddStorage(const c10::Storage& storage) {
    if (!storage) return nullptr;
    const auto same = [&](const c10::Storage& s) { return s.unsafeGetStorageImpl() == storage.unsafeGetStorageImpl(); };
    const auto known = std::find_if(storages_.begin(), storages_.end(), same);
    if (known != storages_.end()) return known - storages_.begin();
    storages_.push_back(storage);
    return storages_.size() - 1;
  }

  Json Properties(const at::Tensor& tensor) {
    const bool is_view = tensor.is_view();
    const bool has_size = !IsStridedNested(tensor);
    const bool has_stride = has_size && !IsSparse(tensor);
    Json json = {
        {"size", has_size ? OrNull([&] { return tensor.sizes().vec(); }) : Json(nullptr)},
        {"stride", has_stride ? OrNull([&] { return tensor.strides().vec(); }) : Json(nullptr)},
        {"storage_offset", has_stride ? OrNull([&] { return tensor.storage_offset(); }) : Json(nullptr)},
        {"dtype", PythonRepr(tensor.scalar_type())},
        {"device", PythonRepr(tensor.device())},
        {"layout", PythonRepr(tensor.layout())},
        {"storage", AddStorage(tensor.unsafeGetTensorImpl()->unsafe_storage())},
        // As in Python: after an in-place modification of the base, a leaf view becomes a non-leaf when its grad_fn is
        // accessed.
        {"is_leaf", tensor.grad_fn() == nullptr},
        {"requires_grad", tensor.requires_grad()},
        {"grad_fn", GradFn(tensor)},
        {"is_conj", tensor.is_conj()},
        {"is_neg", tensor.is_neg()},
        {"is_inference", tensor.is_inference()},
        {"is_view", is_view},
    };
    json["base"] = is_view ? Add(at::Tensor(tensor._base())) : Json(nullptr);
    json["creation_meta"] = nullptr;
    if (is_view) {
      const auto meta = torch::autograd::impl::get_view_autograd_meta(tensor)->get_creation_meta();
      json["creation_meta"] = PythonRepr(static_cast<CreationMeta>(meta));
    }
    json["version_shared_with_base"] = nullptr;
    json["grad"] = Add(tensor.unsafeGetTensorImpl()->grad());
    if (which_ == ResultProperties::kAll) AddKind(tensor, json);
    return json;
  }

  void AddKind(const at::Tensor& tensor, Json& json) {
    const auto add = [this](const at::Tensor& inner) { return Add(inner); };
    json["is_mkldnn"] = tensor.is_mkldnn();
    json["is_nested"] = tensor.is_nested();
    json["sparse"] = SparseJson(tensor);
    json["functorch"] = FunctorchJson(tensor, add);
    json["functional"] = FunctionalJson(tensor, add);
    json["attrs"] = WrapperAttrs(tensor, add);
  }

  const ResultProperties which_;
  std::vector<at::Tensor> tensors_;
  std::vector<c10::Storage> storages_;
  Json properties_ = Json::array();
};

void Compare(const std::string& path, const Json& expected, const Json& found, std::vector<std::string>& differences) {
  if (expected.is_object() && found.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : expected.items()) keys.insert(key);
    for (const auto& [key, value] : found.items()) keys.insert(key);
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const std::string& key : keys) {
      if (expected.contains(key) && found.contains(key)) {
        Compare(prefix + key, expected[key], found[key], differences);
      } else {
        differences.push_back(absl::StrCat(prefix, key, ": expected ",
                                           expected.contains(key) ? expected[key].dump() : "no such field", ", found ",
                                           found.contains(key) ? found[key].dump() : "no such field"));
      }
    }
  } else if (expected.is_array() && found.is_array() && expected.size() == found.size() && !expected.empty() &&
             expected[0].is_object()) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Compare(absl::StrCat(path, "[", i, "]"), expected[i], found[i], differences);
    }
  } else if (expected != found) {
    differences.push_back(absl::StrCat(path, ": expected ", expected.dump(), ", found ", found.dump()));
  }
}

}  // namespace

nlohmann::ordered_json ResultsJson(const std::vector<std::pair<std::string, at::Tensor>>& results,
                                   ResultProperties properties) {
  Results objects(properties);
  Json names = Json::object();
  for (const auto& [name, tensor] : results) names[name] = objects.Add(tensor);
  objects.CompareVersions();
  return {{"names", names}, {"storages", objects.Storages()}, {"tensors", objects.Tensors()}};
}

std::vector<std::string> JsonDifferences(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& found) {
  std::vector<std::string> differences;
  Compare("", expected, found, differences);
  return differences;
}

}  // namespace metaconv
