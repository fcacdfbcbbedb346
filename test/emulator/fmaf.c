/* A fused multiply-add for QEMU on x86, to be preloaded (scripts/emulate.sh).
 *
 * QEMU 7.2 computes each lane of a vector's multiply-add by a call of fmaf,
 * from code of its own that leaves the upper halves of AVX's registers in use.
 * Its caller and the C library are legacy SSE and VEX by turns, which then
 * costs two changes of state a lane, of some 70 clocks each (Intel's
 * optimization manual, "Mixing AVX code with SSE code"). This one clears the
 * halves first: emulated products take a tenth of the time. */

#include <immintrin.h>

__attribute__((target("avx,fma"))) float fmaf(float x, float y, float z) {
  _mm256_zeroupper();
  return _mm_cvtss_f32(
      _mm_fmadd_ss(_mm_set_ss(x), _mm_set_ss(y), _mm_set_ss(z)));
}
