// What Swift cannot say: the denormal mode of the floating-point unit, and the bits of a lane mask.
// Everything is `static inline` with a portable fallback.
#ifndef SYNFIRE_CINTRINSICS_H
#define SYNFIRE_CINTRINSICS_H

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef int32_t synfire_int32x16 __attribute__((vector_size(64)));
typedef _Bool synfire_bool16 __attribute__((ext_vector_type(16)));

/// The sign bits of 16 lanes, lane 0 in the lowest bit.
static inline uint16_t synfire_mask_bits(synfire_int32x16 mask) {
  synfire_bool16 bits = __builtin_convertvector(mask < 0, synfire_bool16);
  return __builtin_bit_cast(uint16_t, bits);
}

/// Flushes denormal results and operands of the calling thread to zero.
static inline void synfire_flush_denormals(void) {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | (1ull << 24)));
#endif
}

#endif
