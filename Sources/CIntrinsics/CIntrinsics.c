#include "CIntrinsics.h"

uint32_t synfire_machine_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  features |= synfire_is_x86_64;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("fma")) features |= synfire_has_fma;
  if (__builtin_cpu_supports("avx2")) features |= synfire_has_avx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
    features |= synfire_has_avx512;
  }
#elif defined(__aarch64__)
  features |= synfire_is_aarch64 | synfire_has_fma | synfire_has_neon;
#endif
  return features;
}
