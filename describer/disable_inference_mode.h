// DisableInferenceModeForFakeProp: while it lives, records made on this thread say "not an inference tensor".
//
// For programs that are traced inside inference mode but shall be planned as if they were not.
//
// Example:
//   DisableInferenceModeForFakeProp scope;
//   describer.DescribeTensor(inference_tensor).value()->is_inference;   // false
//
// Thread safety: affects the constructing thread only, and must be destroyed on it.
// Lifetime: scopes nest; the end of each restores what was before it.
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

  // Whether such a scope is open on this thread.
  static bool IsActive();

 private:
  const bool prior_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_DISABLE_INFERENCE_MODE_H_
