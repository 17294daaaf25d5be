/*
 * simd.h - code for more than the least processor, chosen when it runs.
 *
 * SY_CLONES before a function makes the compiler translate it several times, for x86-64 as of
 * 2003, 2013 and 2017; the loader takes the best that the processor has. It is for plain C that
 * gains by itself: counting bits, wider vectors. SY_SIMD_512 is for functions of intrinsics on
 * vectors of 64 bytes, called when sy_simd_has_512(); beside each stands a plain one that tests
 * hold it against.
 *
 * Not with sanitizers, whose run time is not ready when the loader chooses, nor with compilers but
 * gcc.
 */
#ifndef SY_SIMD_H
#define SY_SIMD_H

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <immintrin.h>
#include <stdbool.h>

#define SY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define SY_SIMD_512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,popcnt,bmi,bmi2")))

static inline bool sy_simd_has_512(void) {
  return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2");
}

#else
#define SY_CLONES
#endif

#endif
