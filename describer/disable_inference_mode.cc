#include "describer/disable_inference_mode.h"

#include <utility>

namespace metaconv {
namespace {

thread_local bool active = false;

}  // namespace

DisableInferenceModeForFakeProp::DisableInferenceModeForFakeProp() : prior_(std::exchange(active, true)) {}

DisableInferenceModeForFakeProp::~DisableInferenceModeForFakeProp() { active = prior_; }

bool DisableInferenceModeForFakeProp::IsActive() { return active; }

}  // namespace metaconv
