// DisableInferenceModeForFakeProp: a scope in which records that this thread makes have is_inference == false.
//
// For programs that are traced in inference mode but planned as if they ran outside of it.
//
// Example:
//   DisableInferenceModeForFakeProp scope;
//   describer.DescribeTensor(inference_tensor).value()->is_inference;   // false
//
// Thread safety: affects the constructing thread only, and must be destroyed on it.
// Lifetime: scopes can be nested; the end of a scope restores the state before it.
// Source: `disable_inference_mode_for_fake_prop` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_DESCRIBER_DISABLE_INFERENCE_MODE_H_
#define METACONV_DESCRIBER_DISABLE_INFERENCE_MODE_H_

namespace metaconv {

class DisableInferenceModeForFakeProp {
 public:
  DisableInferenceModeForFakeProp();
  ~DisableInferenceModeForFakeProp();

  DisableInferenceModeForFakeProp(const DisableInferenceModeForFakeProp&) = delete;
  DisableInferenceModeForFakeProp& operator=(const DisableInferenceModeForFakeProp&) = delete;

  // Whether such a scope is active on this thread.
  static bool IsActive();

 private:
  const bool prior_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_DISABLE_INFERENCE_MODE_H_
