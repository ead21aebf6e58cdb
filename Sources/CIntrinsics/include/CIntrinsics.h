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

/// The control word of the calling thread's floating-point unit (0 where it is not known).
static inline uint64_t synfire_float_control(void) {
#if defined(__x86_64__)
  return _mm_getcsr();
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control;
#else
  return 0;
#endif
}

/// Sets the control word that `synfire_float_control` read.
static inline void synfire_set_float_control(uint64_t control) {
#if defined(__x86_64__)
  _mm_setcsr((uint32_t)control);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
  (void)control;
#endif
}

/// Flushes denormal results and operands of the calling thread to zero.
static inline void synfire_flush_denormals(void) {
#if defined(__x86_64__)
  synfire_set_float_control(synfire_float_control() | 0x8040);
#elif defined(__aarch64__)
  synfire_set_float_control(synfire_float_control() | (1ull << 24));
#endif
}

/// Tells the processor that this thread waits for another in a loop.
static inline void synfire_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
