#include "meta/torch_status.h"

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "c10/util/Exception.h"

namespace metaconv::internal {
namespace {

absl::Status Make(absl::StatusCode code, std::string_view doing, std::string_view what) {
  return absl::Status(code, absl::StrCat(std::string(doing), ": ", std::string(what)));
}

// Keeps the code of an accelerator's runtime, which the message has only as a text.
absl::Status WithAcceleratorCode(const c10::Error& error, absl::Status status) {
  if (const auto* accelerator = dynamic_cast<const c10::AcceleratorError*>(&error); accelerator != nullptr) {
    status.SetPayload(kAcceleratorErrorCode, absl::Cord(absl::StrCat(accelerator->get_error_code())));
  }
  return status;
}

absl::StatusCode CodeOf(const c10::Error& error) {
  if (dynamic_cast<const c10::NotImplementedError*>(&error) != nullptr) return absl::StatusCode::kUnimplemented;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return absl::StatusCode::kResourceExhausted;
  if (dynamic_cast<const c10::IndexError*>(&error) != nullptr ||
      dynamic_cast<const c10::ValueError*>(&error) != nullptr ||
      dynamic_cast<const c10::TypeError*>(&error) != nullptr ||
      dynamic_cast<const c10::LinAlgError*>(&error) != nullptr) {
    return absl::StatusCode::kInvalidArgument;
  }
  // The CPU allocator throws a plain c10::Error when it is out of memory, so the message is inspected.
  const std::string_view what = error.what_without_backtrace();
  if (what.find("can't allocate memory") != std::string_view::npos) return absl::StatusCode::kResourceExhausted;
  return absl::StatusCode::kInternal;
}

}  // namespace

absl::Status CurrentExceptionToStatus(std::string_view doing) {
  try {
    throw;
  } catch (const c10::Error& error) {
    return WithAcceleratorCode(error, Make(CodeOf(error), doing, error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    return Make(absl::StatusCode::kResourceExhausted, doing, "out of memory");
  } catch (const std::exception& error) {
    return Make(absl::StatusCode::kInternal, doing, error.what());
  } catch (...) {
    return Make(absl::StatusCode::kInternal, doing, "an exception of unknown type");
  }
}

}  // namespace metaconv::internal
