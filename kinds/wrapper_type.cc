#include "kinds/wrapper_type.h"

#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "meta/mutex.h"

namespace metaconv {
namespace {

struct Registry {
  SharedMutex mutex;
  std::map<std::type_index, std::unique_ptr<const WrapperType>> by_impl ABSL_GUARDED_BY(mutex);
};

Registry& GetRegistry() {
  static Registry& registry = *new Registry();
  return registry;
}

}  // namespace

absl::Status RegisterWrapperType(std::type_index impl, WrapperType type) {
  if (type.name.empty()) return absl::InvalidArgumentError("wrapper type: expected a name, found none");
  if (!type.flatten || !type.unflatten) {
    return absl::InvalidArgumentError(
        absl::StrCat("wrapper type ", type.name, ": expected flatten and unflatten, found one missing"));
  }
  Registry& registry = GetRegistry();
  const WriterLock lock(registry.mutex);
  for (const auto& [known_impl, known] : registry.by_impl) {
    if (known_impl == impl || known->name == type.name) {
      return absl::AlreadyExistsError(absl::StrCat("wrapper type ", type.name, ": expected a new type, found ",
                                                   known->name, ", which is registered already"));
    }
  }
  registry.by_impl.emplace(impl, std::make_unique<const WrapperType>(std::move(type)));
  return absl::OkStatus();
}

const WrapperType* FindWrapperType(const at::Tensor& tensor) {
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  const std::type_index type = typeid(impl);
  Registry& registry = GetRegistry();
  const ReaderLock lock(registry.mutex);
  const auto found = registry.by_impl.find(type);
  return found == registry.by_impl.end() ? nullptr : found->second.get();
}

const WrapperType* FindWrapperType(std::string_view name) {
  Registry& registry = GetRegistry();
  const ReaderLock lock(registry.mutex);
  for (const auto& [impl, type] : registry.by_impl) {
    if (type->name == name) return type.get();
  }
  return nullptr;
}

}  // namespace metaconv
