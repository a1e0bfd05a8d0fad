// Numbers of tensors: fp32, and bfloat16 as its 16 bits. Loops over them are plain, for the compiler to vectorize.
#pragma once
#include <cstdint>
#include <cstring>

#define INLINE inline __attribute__((always_inline))

struct Bf16 {
  uint16_t bits;
};

/// TensorFlow's numbers of types.
template <class T> struct TypeOf;
template <> struct TypeOf<float> {
  static constexpr int number = 1;
};
template <> struct TypeOf<int32_t> {
  static constexpr int number = 3;
};
template <> struct TypeOf<Bf16> {
  static constexpr int number = 14;
};

INLINE uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

INLINE float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

INLINE float load(float x) { return x; }
INLINE float load(Bf16 x) { return fromBits(static_cast<uint32_t>(x.bits) << 16); }

INLINE void store(float &to, float x) { to = x; }

/// Rounds to nearest, ties to even, as TensorFlow's Cast does. A NaN stays one.
INLINE void store(Bf16 &to, float x) {
  const uint32_t bits = bitsOf(x);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const bool isNan = (bits & 0x7fffffff) > 0x7f800000;
  to.bits = static_cast<uint16_t>(isNan ? 0x7fc0 : rounded);
}

/// e^x to about 1e-7; 0 at about -87 and below, and no overflow above.
INLINE float exponential(float x) {
  const float bounded = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
  const float n = __builtin_rintf(bounded * 1.44269504f);
  // ln 2 in two parts (Cody and Waite 1980), so that the rest is exact.
  const float f = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  float sum = 1.0f / 5040;
  sum = sum * f + 1.0f / 720;
  sum = sum * f + 1.0f / 120;
  sum = sum * f + 1.0f / 24;
  sum = sum * f + 1.0f / 6;
  sum = sum * f + 0.5f;
  sum = sum * f + 1.0f;
  sum = sum * f + 1.0f;
  const float power = fromBits(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
  // Comparisons with NaN are false: a NaN comes out as one.
  return x < -87.0f ? 0.0f : sum * power;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }
