// What the compiled kernels share. Addresses are bytes behind `memory`, as WebAssembly has them.
#pragma once
#include <immintrin.h>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr uint32_t FLOAT = 4;

/** Calls it with 0, 1 ... as constants, so that sums are registers. */
template <class Call, size_t... I>
inline __attribute__((always_inline)) void unrolled(std::index_sequence<I...>, const Call& call) {
  (call(std::integral_constant<uint32_t, I>{}), ...);
}

template <uint32_t COUNT, class Call>
inline __attribute__((always_inline)) void each(const Call& call) {
  unrolled(std::make_index_sequence<COUNT>{}, call);
}

inline uint32_t word(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline float number(const char* at) {
  float value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace
