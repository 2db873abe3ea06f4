#include "cuda/files/cufile_library.h"

#include <dlfcn.h>

#include <initializer_list>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

// Sets `function` to the first of `names` that the library has.
template <typename Function>
absl::Status Find(void* library, std::initializer_list<const char*> names, Function& function) {
  for (const char* name : names) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function != nullptr) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat("expected the function ", *names.begin(), ", found none"));
}

}  // namespace

absl::StatusOr<CuFileFunctions> LoadCuFile(const std::string& library) {
  void* const loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) {
    const char* const why = dlerror();  // Begins with the name of the library.
    return absl::FailedPreconditionError(why != nullptr ? why : library);
  }
  CuFileFunctions found;
  absl::Status status = Find(loaded, {"cuFileDriverOpen"}, found.driver_open);
  // NVIDIA's header renames the function that closes the driver; older libraries have it under its first name only.
  status.Update(Find(loaded, {"cuFileDriverClose_v2", "cuFileDriverClose"}, found.driver_close));
  status.Update(Find(loaded, {"cuFileHandleRegister"}, found.handle_register));
  status.Update(Find(loaded, {"cuFileHandleDeregister"}, found.handle_deregister));
  status.Update(Find(loaded, {"cuFileRead"}, found.read));
  if (!status.ok()) return absl::FailedPreconditionError(absl::StrCat(library, ": ", std::string(status.message())));
  return found;
}

}  // namespace metaconv
