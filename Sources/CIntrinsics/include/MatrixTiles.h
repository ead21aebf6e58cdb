// Products of bfloat16 matrices in the tile registers of AMX, sixteen rows of 64 bytes each.
#ifndef SYNFIRE_MATRIX_TILES_H
#define SYNFIRE_MATRIX_TILES_H

#include <stdint.h>
#if defined(__x86_64__) && defined(__linux__)
#define SYNFIRE_TILES_ARE_KNOWN
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Whether the processor has tiles of bfloat16 and the system, which is asked for them here, lets the process use them.
static inline _Bool synfire_permit_matrix_tiles(void) {
#if defined(SYNFIRE_TILES_ARE_KNOWN)
  const unsigned tiles_of_bfloat16 = 1u << 22 | 1u << 24;
  const long request_permission = 0x1023, tile_data = 18;
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & tiles_of_bfloat16) != tiles_of_bfloat16) return 0;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return 0;
#endif
}

#if defined(SYNFIRE_TILES_ARE_KNOWN)
#define SYNFIRE_WITH_TILES __attribute__((target("amx-tile,amx-bf16")))

/// Gives tiles their shapes: 0 to 3 are sums, 4 and 5 rows of A, 6 and 7 rows of B.
SYNFIRE_WITH_TILES static inline void synfire_shape_tiles(int upper, int lower) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes = {.palette = 1};
  const uint8_t rows[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
  for (int tile = 0; tile < 8; tile++) {
    shapes.row_bytes[tile] = rows[tile] > 0 ? 64 : 0;
    shapes.rows[tile] = rows[tile];
  }
  _tile_loadconfig(&shapes);
}
#endif

/// C (+)= A B for 1 to 32 rows; to be called only where `synfire_permit_matrix_tiles` has said yes.
///
/// Element (m, k) of A is a pair of bfloat16 numbers at `a[m * a_stride + k]`, element (k, n) of B one at
/// `b[n / 32 * 32 * pairs + 32 * k + n % 32]`, element (m, n) of C a number at `c[m * c_stride + n]`. `pairs` and
/// `columns` are multiples of 16.
#if defined(SYNFIRE_TILES_ARE_KNOWN)
SYNFIRE_WITH_TILES
#endif
static inline void synfire_multiply_tiles(
    const uint32_t *a, intptr_t a_stride, intptr_t rows, const uint32_t *b, intptr_t pairs, float *c,
    intptr_t c_stride, intptr_t columns, _Bool accumulate) {
#if defined(SYNFIRE_TILES_ARE_KNOWN)
  const int upper = rows < 16 ? (int)rows : 16;
  const int lower = (int)rows - upper;
  const uint32_t *a_lower = a + 16 * a_stride;
  synfire_shape_tiles(upper, lower);
  for (intptr_t column = 0; column < columns; column += 32) {
    const _Bool is_wide = column + 16 < columns;
    float *target = c + column, *lower_target = target + 16 * c_stride;
    const uint32_t *panel = b + column * pairs;
    if (accumulate) {
      _tile_loadd(0, target, 4 * c_stride);
      if (is_wide) _tile_loadd(1, target + 16, 4 * c_stride);
      if (lower > 0) _tile_loadd(2, lower_target, 4 * c_stride);
      if (lower > 0 && is_wide) _tile_loadd(3, lower_target + 16, 4 * c_stride);
    } else {
      _tile_zero(0);
      _tile_zero(1);
      if (lower > 0) _tile_zero(2);
      if (lower > 0) _tile_zero(3);
    }
    for (intptr_t pair = 0; pair < pairs; pair += 16) {
      _tile_loadd(4, a + pair, 4 * a_stride);
      _tile_loadd(6, panel + 32 * pair, 128);
      _tile_dpbf16ps(0, 4, 6);
      if (is_wide) {
        _tile_loadd(7, panel + 32 * pair + 16, 128);
        _tile_dpbf16ps(1, 4, 7);
      }
      if (lower > 0) {
        _tile_loadd(5, a_lower + pair, 4 * a_stride);
        _tile_dpbf16ps(2, 5, 6);
        if (is_wide) _tile_dpbf16ps(3, 5, 7);
      }
    }
    _tile_stored(0, target, 4 * c_stride);
    if (is_wide) _tile_stored(1, target + 16, 4 * c_stride);
    if (lower > 0) _tile_stored(2, lower_target, 4 * c_stride);
    if (lower > 0 && is_wide) _tile_stored(3, lower_target + 16, 4 * c_stride);
  }
  _tile_release();
#else
  (void)a, (void)a_stride, (void)rows, (void)b, (void)pairs;
  (void)c, (void)c_stride, (void)columns, (void)accumulate;
#endif
}

#endif
