// What Swift cannot say, or says one lane at a time: the denormal mode of the floating-point unit, the
// bits of a lane mask, conversions of all lanes at once, the instruction set.
// Everything is `static inline` with a portable fallback.
#ifndef SYNFIRE_CINTRINSICS_H
#define SYNFIRE_CINTRINSICS_H

#include "MatrixTiles.h"
#include <stdint.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// How vectors are passed where registers are narrower than they are does not matter to functions that are inlined.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

typedef int32_t synfire_int32x16 __attribute__((vector_size(64)));
typedef _Bool synfire_bool16 __attribute__((ext_vector_type(16)));

/// The sign bits of 16 lanes, lane 0 in the lowest bit.
static inline uint16_t synfire_mask_bits(synfire_int32x16 mask) {
  synfire_bool16 bits = __builtin_convertvector(mask < 0, synfire_bool16);
  return __builtin_bit_cast(uint16_t, bits);
}

/// Lanes of all ones where a bit is set, of zeros elsewhere; lane 0 is the lowest bit.
static inline synfire_int32x16 synfire_lanes_of_bits(uint16_t bits) {
  return -__builtin_convertvector(__builtin_bit_cast(synfire_bool16, bits), synfire_int32x16);
}

typedef float synfire_float32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t synfire_uint32x16 __attribute__((ext_vector_type(16)));
typedef uint64_t synfire_uint64x16 __attribute__((ext_vector_type(16)));

/// Sixteen integers as floating-point numbers.
static inline synfire_float32x16 synfire_float_from_uint32(synfire_uint32x16 integers) {
  return __builtin_convertvector(integers, synfire_float32x16);
}

static inline synfire_float32x16 synfire_float_from_int32(synfire_int32x16 integers) {
  return __builtin_convertvector(integers, synfire_float32x16);
}

typedef int8_t synfire_int8x16 __attribute__((ext_vector_type(16)));
typedef int8_t synfire_int8x64 __attribute__((ext_vector_type(64)));
typedef _Bool synfire_bool64 __attribute__((ext_vector_type(64)));

static inline synfire_float32x16 synfire_float_from_int8(synfire_int8x16 integers) {
  return __builtin_convertvector(integers, synfire_float32x16);
}

/// Adds `value` to the lanes whose bits are set, lane 0 at the lowest bit.
static inline synfire_int8x64 synfire_add_where(synfire_int8x64 sum, uint64_t bits, int8_t value) {
#if defined(__AVX512BW__)
  return (synfire_int8x64)_mm512_mask_add_epi8((__m512i)sum, bits, (__m512i)sum, _mm512_set1_epi8(value));
#else
  // Few machines can multiply bytes.
  synfire_int8x64 mask = -__builtin_convertvector(__builtin_bit_cast(synfire_bool64, bits), synfire_int8x64);
  return sum + (mask & value);
#endif
}

typedef uint8_t synfire_uint8x64 __attribute__((ext_vector_type(64)));

/// How many bits are set in each byte of sixteen words.
static inline synfire_uint8x64 synfire_bits_in_bytes(synfire_uint32x16 words) {
  return __builtin_elementwise_popcount(__builtin_bit_cast(synfire_uint8x64, words));
}

/// The sums of four neighbouring bytes each, as floating-point numbers.
static inline synfire_float32x16 synfire_float_from_byte_sums(synfire_int8x64 bytes) {
  const synfire_int32x16 lanes = __builtin_bit_cast(synfire_int32x16, bytes);
  return synfire_float_from_int32(
      (lanes << 24 >> 24) + (lanes << 16 >> 24) + (lanes << 8 >> 24) + (lanes >> 24));
}

/// The low halves of sixteen words.
static inline synfire_uint32x16 synfire_low_halves(synfire_uint64x16 words) {
  return __builtin_convertvector(words, synfire_uint32x16);
}

typedef uint64_t synfire_uint64x8 __attribute__((ext_vector_type(8)));

/// The Philox4x32-10 blocks of counters `index` to `index + 7`, whose other two words are given: words 0
/// and 1 of a block in one result, words 2 and 3 in the next, low half first. (The optimizer takes such
/// a loop in Swift apart into lanes and pairs these with shuffles, at three times the cost.)
static inline synfire_uint64x16 synfire_philox(
    uint64_t index, uint32_t counter2, uint32_t counter3, uint32_t key0, uint32_t key1) {
  const synfire_uint64x8 places = {0, 1, 2, 3, 4, 5, 6, 7};
  // Every 64-bit lane has a 32-bit word in its low half, so that the products need no shuffle.
  synfire_uint64x8 c0 = places + index, c1 = c0 >> 32;
  synfire_uint64x8 c2 = counter2, c3 = counter3;
  for (int round = 0; round < 10; round++) {
    synfire_uint64x8 product0 = (c0 & 0xffffffffu) * 0xD2511F53u;
    synfire_uint64x8 product1 = (c2 & 0xffffffffu) * 0xCD9E8D57u;
    c0 = (product1 >> 32) ^ c1 ^ key0;
    c1 = product1;
    c2 = (product0 >> 32) ^ c3 ^ key1;
    c3 = product0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  c0 = (c0 & 0xffffffffu) | (c1 << 32);
  c2 = (c2 & 0xffffffffu) | (c3 << 32);
  return __builtin_shufflevector(c0, c2, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// The square roots of sixteen numbers.
static inline synfire_float32x16 synfire_square_root(synfire_float32x16 numbers) {
  return __builtin_elementwise_sqrt(numbers);
}

typedef uint16_t synfire_uint16x32 __attribute__((vector_size(64)));
typedef _Bool synfire_bool32 __attribute__((ext_vector_type(32)));

/// Which of 32 numbers, of any alignment that they have, are not 0; the first in the lowest bit.
static inline uint32_t synfire_nonzero32(const uint16_t *numbers) {
  synfire_uint16x32 lanes;
  __builtin_memcpy(&lanes, numbers, sizeof lanes);
  return __builtin_bit_cast(uint32_t, __builtin_convertvector(lanes != 0, synfire_bool32));
}

/// Sixteen rows of sixteen numbers, `from_stride` numbers apart, as columns of rows that are `to_stride`
/// numbers apart. (Blocks of 8, 4, 2 and 1 numbers are swapped across the diagonal.)
static inline void synfire_transpose16(
    const float *from, intptr_t from_stride, float *restrict to, intptr_t to_stride) {
  synfire_float32x16 row[16];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)
    __builtin_memcpy(&row[i], from + i * from_stride, sizeof row[i]);
#define SYNFIRE_SWAP(distance)                                                   \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) {              \
    if (i & distance) continue;                                                  \
    synfire_float32x16 a = row[i], b = row[i + distance];                        \
    row[i] = __builtin_shufflevector(a, b, SYNFIRE_UPPER_##distance);            \
    row[i + distance] = __builtin_shufflevector(a, b, SYNFIRE_LOWER_##distance); \
  }
#define SYNFIRE_UPPER_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define SYNFIRE_LOWER_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define SYNFIRE_UPPER_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define SYNFIRE_LOWER_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define SYNFIRE_UPPER_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SYNFIRE_LOWER_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define SYNFIRE_UPPER_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define SYNFIRE_LOWER_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
  SYNFIRE_SWAP(8)
  SYNFIRE_SWAP(4)
  SYNFIRE_SWAP(2)
  SYNFIRE_SWAP(1)
#undef SYNFIRE_UPPER_8
#undef SYNFIRE_LOWER_8
#undef SYNFIRE_UPPER_4
#undef SYNFIRE_LOWER_4
#undef SYNFIRE_UPPER_2
#undef SYNFIRE_LOWER_2
#undef SYNFIRE_UPPER_1
#undef SYNFIRE_LOWER_1
#undef SYNFIRE_SWAP
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)
    __builtin_memcpy(to + i * to_stride, &row[i], sizeof row[i]);
}

/// The larger integer of each lane.
static inline synfire_uint32x16 synfire_larger(synfire_uint32x16 a, synfire_uint32x16 b) {
  return __builtin_elementwise_max(a, b);
}

/// The largest of sixteen integers.
static inline uint32_t synfire_largest(synfire_uint32x16 integers) {
  return __builtin_reduce_max(integers);
}

/// Writes the numbers of the lanes whose bits are set one after another; up to sixteen are overwritten.
static inline void synfire_store_lanes(
    synfire_float32x16 numbers, uint16_t bits, float *target) {
#if defined(__AVX512F__)
  _mm512_storeu_ps(target, _mm512_maskz_compress_ps(bits, (__m512)numbers));
#else
  for (int place = 0; bits != 0; bits &= bits - 1, place++) {
    target[place] = numbers[__builtin_ctz(bits)];
  }
#endif
}

/// Numbers with those of the lanes whose bits are set replaced by such as `synfire_store_lanes` wrote; sixteen are read.
static inline synfire_float32x16 synfire_load_lanes(
    synfire_float32x16 numbers, uint16_t bits, const float *source) {
#if defined(__AVX512F__)
  return (synfire_float32x16)_mm512_mask_expand_ps(
      (__m512)numbers, bits, _mm512_loadu_ps(source));
#else
  for (int place = 0; bits != 0; bits &= bits - 1, place++) {
    numbers[__builtin_ctz(bits)] = source[place];
  }
  return numbers;
#endif
}

/// The reciprocals of sixteen numbers that are finite and not 0, within 1 unit in the last place: an
/// estimate of 14 bits and a step of Newton's, several times faster than a division.
static inline synfire_float32x16 synfire_reciprocal(synfire_float32x16 numbers) {
#if defined(__AVX512F__)
  const __m512 divisor = (__m512)numbers, estimate = _mm512_rcp14_ps(divisor);
  const __m512 error = _mm512_fnmadd_ps(divisor, estimate, _mm512_set1_ps(1));
  return (synfire_float32x16)_mm512_fmadd_ps(estimate, error, estimate);
#else
  return 1 / numbers;
#endif
}

/// Sixteen numbers rounded to bfloat16, each in the low half of its lane.
static inline synfire_uint32x16 synfire_bfloat16_lanes(synfire_float32x16 numbers) {
  const synfire_uint32x16 bits = __builtin_bit_cast(synfire_uint32x16, numbers);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/// Thirty-two numbers rounded to bfloat16, in their order: two in each lane, the first in its low half.
static inline synfire_uint32x16 synfire_bfloat16(
    synfire_float32x16 first, synfire_float32x16 second) {
#if defined(__AVX512BF16__)
  return __builtin_bit_cast(
      synfire_uint32x16, _mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
#else
  const synfire_uint32x16 low = synfire_bfloat16_lanes(first);
  const synfire_uint32x16 high = synfire_bfloat16_lanes(second);
  const synfire_uint32x16 even = __builtin_shufflevector(
      low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const synfire_uint32x16 odd = __builtin_shufflevector(
      low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return even | odd << 16;
#endif
}

/// sum + a_0 b_0 + a_1 b_1 in each lane, for the two bfloat16 numbers of the lanes of a and b.
static inline synfire_float32x16 synfire_add_bfloat16_products(
    synfire_float32x16 sum, synfire_float32x16 a, synfire_float32x16 b) {
#if defined(__AVX512BF16__)
  return (synfire_float32x16)_mm512_dpbf16_ps(
      (__m512)sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b));
#else
  const synfire_uint32x16 x = __builtin_bit_cast(synfire_uint32x16, a);
  const synfire_uint32x16 y = __builtin_bit_cast(synfire_uint32x16, b);
  sum += __builtin_bit_cast(synfire_float32x16, x & 0xffff0000u) *
         __builtin_bit_cast(synfire_float32x16, y & 0xffff0000u);
  return sum + __builtin_bit_cast(synfire_float32x16, x << 16) *
                   __builtin_bit_cast(synfire_float32x16, y << 16);
#endif
}

/// Whether there is an instruction for `synfire_add_integer_products`.
static inline _Bool synfire_has_integer_products(void) {
#if defined(__AVX512VNNI__)
  return 1;
#else
  return 0;
#endif
}

/// sum + a_0 b_0 + a_1 b_1 in each lane, for the two integers of 16 bits of the lanes of a and b; lanes of the sum hold
/// integers of 32 bits, whatever the type says.
static inline synfire_float32x16 synfire_add_integer_products(
    synfire_float32x16 sum, synfire_float32x16 a, synfire_float32x16 b) {
#if defined(__AVX512VNNI__)
  // Of the intrinsic function the compiler makes a multiplication and an addition, at half the rate.
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
#else
  const synfire_uint32x16 x = __builtin_bit_cast(synfire_uint32x16, a);
  const synfire_uint32x16 y = __builtin_bit_cast(synfire_uint32x16, b);
  const synfire_int32x16 first = (__builtin_bit_cast(synfire_int32x16, x << 16) >> 16) *
                                 (__builtin_bit_cast(synfire_int32x16, y << 16) >> 16);
  const synfire_int32x16 second = (__builtin_bit_cast(synfire_int32x16, x) >> 16) *
                                  (__builtin_bit_cast(synfire_int32x16, y) >> 16);
  return __builtin_bit_cast(
      synfire_float32x16, __builtin_bit_cast(synfire_int32x16, sum) + first + second);
#endif
}

/// Whether thirty-two vectors of sixteen numbers fit into the registers, as with AVX-512; otherwise about eight do.
static inline _Bool synfire_has_wide_registers(void) {
#if defined(__AVX512F__)
  return 1;
#else
  return 0;
#endif
}

/// The bits of a word at the set bits of a mask, next to each other from the lowest bit on.
static inline uint64_t synfire_extract_bits(uint64_t word, uint64_t mask) {
#if defined(__BMI2__)
  return _pext_u64(word, mask);
#else
  uint64_t found = 0;
  for (int place = 0; mask != 0; mask &= mask - 1, place++) {
    found |= (uint64_t)((word & mask & -mask) != 0) << place;
  }
  return found;
#endif
}

/// Writes first + stride * place for every set bit of a word, from the lowest place on, and returns their
/// number; up to sixteen numbers past the last are overwritten. (Bit by bit, the end of every word is a
/// branch that nobody foresees.)
static inline intptr_t synfire_places_of_bits(
    uint64_t word, int32_t first, int32_t stride, int32_t *places) {
  intptr_t found = 0;
#if defined(__AVX512F__)
  const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i numbers = _mm512_add_epi32(
      _mm512_set1_epi32(first), _mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride)));
  const __m512i next = _mm512_set1_epi32(16 * stride);
  _Pragma("clang loop unroll(full)") for (int group = 0; group < 4; group++) {
    const uint16_t bits = (uint16_t)(word >> 16 * group);
    _mm512_storeu_si512(places + found, _mm512_maskz_compress_epi32(bits, numbers));
    found += __builtin_popcount(bits);
    numbers = _mm512_add_epi32(numbers, next);
  }
#else
  for (; word != 0; word &= word - 1) {
    places[found++] = first + stride * __builtin_ctzll(word);
  }
#endif
  return found;
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

/// Asks for the line of the cache at an address, which need not be valid, to be read or written soon, or to be
/// read after others, for which it is kept at a distance.
static inline void synfire_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void synfire_prefetch_far(const void *address) { __builtin_prefetch(address, 0, 2); }
static inline void synfire_prefetch_to_write(void *address) { __builtin_prefetch(address, 1, 3); }

/// Tells the processor that this thread waits for another in a loop.
static inline void synfire_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Instruction sets as bits: those that both the compiler and the processor can be asked for.
enum {
  synfire_has_fma = 1,
  synfire_has_avx2 = 2,
  synfire_has_avx512 = 4,
  synfire_has_neon = 8,
  synfire_is_x86_64 = 16,
  synfire_is_aarch64 = 32,
};

/// What the module that calls this is compiled for.
static inline uint32_t synfire_build_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  features |= synfire_is_x86_64;
#if defined(__FMA__)
  features |= synfire_has_fma;
#endif
#if defined(__AVX2__)
  features |= synfire_has_avx2;
#endif
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512BW__)
  features |= synfire_has_avx512;
#endif
#elif defined(__aarch64__)
  // Fused multiply-add belongs to the base instruction set.
  features |= synfire_is_aarch64 | synfire_has_fma | synfire_has_neon;
#endif
  return features;
}

/// What the processor and the operating system offer.
uint32_t synfire_machine_features(void);

/// From now on blocks of the heap of at least so many bytes get pages of their own; smaller ones keep pages that they
/// have had, up to so many bytes that are free.
static inline void synfire_set_heap_thresholds(int bytes_of_own_pages, int bytes_kept) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, bytes_of_own_pages);
  mallopt(M_TRIM_THRESHOLD, bytes_kept);
#else
  (void)bytes_of_own_pages, (void)bytes_kept;
#endif
}

#pragma clang diagnostic pop
#endif
