// Products of the decoder by AVX-512: what wasm/mat-mul.ts and wasm/int8-mat-mul.ts compute, from the same memory
// and to the last bit. A vector holds the sums of 16 outputs, two panels; each is one sum over the inputs in ascending
// order, of products that were rounded (so no fused multiply-add), as in WebAssembly.
// Addresses are bytes behind `memory`, as WebAssembly has them.
#include <immintrin.h>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr uint32_t TILE = 4;
constexpr uint32_t LANES = 8;
constexpr uint32_t FLOAT = 4;
/** Bytes read ahead of a single row's weights: the processor's own prefetch ends at each 4 KiB. */
constexpr size_t AHEAD = 1024;

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

inline __m256i eightBytesTwice(const char* a, const char* b) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/** Weights of one input in two panels, widened. */
struct Fp32 {
  static constexpr size_t BYTES = 32;
  static inline __m512 read(const char* a, const char* b) {
    const __m256 low = _mm256_loadu_ps(reinterpret_cast<const float*>(a));
    const __m256 high = _mm256_loadu_ps(reinterpret_cast<const float*>(b));
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
  }
};

struct Bf16 {
  static constexpr size_t BYTES = 16;
  static inline __m512 read(const char* a, const char* b) {
    const __m512i wide = _mm512_cvtepu16_epi32(eightBytesTwice(a, b));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
};

struct Fp16 {
  static constexpr size_t BYTES = 16;
  static inline __m512 read(const char* a, const char* b) {
    return _mm512_cvtph_ps(eightBytesTwice(a, b));
  }
};

/** Two panels, or one twice. */
struct Panels {
  const char* a;
  const char* b;
  __mmask16 lanes;
};

inline Panels panelsAt(const char* at, size_t bytes, uint32_t left) {
  return left > 1 ? Panels{at, at + bytes, 0xffff} : Panels{at, at, 0x00ff};
}

struct Outputs {
  char* at;
  size_t stride;
  inline __m512 load(uint32_t row, __mmask16 lanes) const {
    return _mm512_maskz_loadu_ps(lanes, at + row * stride);
  }
  inline void store(uint32_t row, __mmask16 lanes, __m512 sums) const {
    _mm512_mask_storeu_ps(at + row * stride, lanes, sums);
  }
  inline Outputs from(uint32_t row) const { return {at + row * stride, stride}; }
};

/** Rows in `TILES` tiles of `WIDTH` rows, inputs first. */
template <class Format, bool ADDS, uint32_t TILES, uint32_t WIDTH>
inline void multiply(const char* x, size_t inputs, Panels w, Outputs y) {
  constexpr uint32_t ROWS = TILES * WIDTH;
  __m512 sums[ROWS];
  for (uint32_t r = 0; r < ROWS; r++) sums[r] = ADDS ? y.load(r, w.lanes) : _mm512_setzero_ps();
  const size_t tileBytes = inputs * WIDTH * FLOAT;
  for (size_t k = 0; k < inputs; k++) {
    const __m512 weights = Format::read(w.a + k * Format::BYTES, w.b + k * Format::BYTES);
    if (ROWS == 1 && k * Format::BYTES % 64 == 0) {
      _mm_prefetch(w.a + k * Format::BYTES + AHEAD, _MM_HINT_T0);
      _mm_prefetch(w.b + k * Format::BYTES + AHEAD, _MM_HINT_T0);
    }
    for (uint32_t t = 0; t < TILES; t++) {
      const char* own = x + t * tileBytes + k * WIDTH * FLOAT;
      for (uint32_t r = 0; r < WIDTH; r++) {
        const __m512 input = _mm512_set1_ps(number(own + r * FLOAT));
        sums[t * WIDTH + r] = _mm512_add_ps(sums[t * WIDTH + r], _mm512_mul_ps(input, weights));
      }
    }
  }
  for (uint32_t r = 0; r < ROWS; r++) y.store(r, w.lanes, sums[r]);
}

/** What both kinds of products are asked for; see `matMulKernel`. */
struct Call {
  const char* x;
  uint32_t rows;
  uint32_t inputs;
  const char* panels;
  uint32_t count;
  Outputs y;
};

/** Calls `product.run<tiles, rows of a tile>` for all rows, two panels at a time. */
template <class Product>
inline void forAll(const Call& call, const Product& product) {
  const uint32_t alone = call.rows % TILE == 1;
  const uint32_t tiles = (call.rows + TILE - 1) / TILE - alone;
  const char* panels = call.panels;
  for (uint32_t panel = 0; panel < call.count; panel += 2) {
    const Panels w = panelsAt(panels, product.panelBytes, call.count - panel);
    const Outputs y = {call.y.at + panel * LANES * FLOAT, call.y.stride};
    uint32_t tile = 0;
    const auto at = [&] { return call.x + tile * product.tileBytes; };
    for (; tile + Product::MOST <= tiles; tile += Product::MOST) {
      product.template run<Product::MOST, TILE>(at(), w, y.from(tile * TILE));
    }
    if (Product::MOST > 2 && tile + 2 <= tiles) {
      product.template run<2, TILE>(at(), w, y.from(tile * TILE));
      tile += 2;
    }
    for (; tile < tiles; tile++) product.template run<1, TILE>(at(), w, y.from(tile * TILE));
    if (alone) product.template run<1, 1>(at(), w, y.from(tile * TILE));
    panels += 2 * product.panelBytes;
  }
}

template <class Format, bool ADDS>
struct FloatProduct {
  static constexpr uint32_t MOST = 4;
  size_t inputs;
  size_t panelBytes;
  size_t tileBytes;
  template <uint32_t TILES, uint32_t WIDTH>
  inline void run(const char* x, Panels w, Outputs y) const {
    multiply<Format, ADDS, TILES, WIDTH>(x, inputs, w, y);
  }
};

template <class Format, bool ADDS>
void floatProduct(const Call& call) {
  const size_t inputs = call.inputs;
  forAll(call, FloatProduct<Format, ADDS>{inputs, inputs * Format::BYTES, inputs * TILE * FLOAT});
}

// Blocks of 8 bits: wasm/int8-blocks.ts.
constexpr uint32_t BLOCK = 64;
constexpr uint32_t FOURS = BLOCK / 4;
constexpr size_t SCALES = LANES * BLOCK;
constexpr size_t BLOCK_BYTES = SCALES + 2 * LANES;
constexpr size_t VECTOR = 16;

template <bool ADDS>
struct ByteProduct {
  static constexpr uint32_t MOST = 2;
  size_t blocks;
  size_t panelBytes;
  size_t tileBytes;

  template <uint32_t TILES, uint32_t WIDTH>
  inline void run(const char* x, Panels w, Outputs y) const {
    constexpr uint32_t ROWS = TILES * WIDTH;
    constexpr size_t SCALES_AT = WIDTH * BLOCK;
    constexpr size_t SUMS_AT = SCALES_AT + VECTOR;
    constexpr size_t ROW_BYTES = SUMS_AT + VECTOR;
    __m512 totals[ROWS];
    for (uint32_t r = 0; r < ROWS; r++) totals[r] = ADDS ? y.load(r, w.lanes) : _mm512_setzero_ps();
    for (size_t block = 0; block < blocks; block++) {
      const char* tiles[TILES];
      for (uint32_t t = 0; t < TILES; t++) tiles[t] = x + t * blocks * ROW_BYTES + block * ROW_BYTES;
      __m512i sums[ROWS];
      for (uint32_t r = 0; r < ROWS; r++) {
        sums[r] = _mm512_set1_epi32(word(tiles[r / WIDTH] + SUMS_AT + r % WIDTH * FLOAT));
      }
      for (uint32_t four = 0; four < FOURS; four++) {
        const __m512i weights = _mm512_castps_si512(Fp32::read(w.a + four * 32, w.b + four * 32));
        for (uint32_t r = 0; r < ROWS; r++) {
          const char* at = tiles[r / WIDTH] + four * WIDTH * 4 + r % WIDTH * 4;
          sums[r] = _mm512_dpbusd_epi32(sums[r], weights, _mm512_set1_epi32(word(at)));
        }
      }
      const __m512 scales = Bf16::read(w.a + SCALES, w.b + SCALES);
      for (uint32_t r = 0; r < ROWS; r++) {
        const float own = number(tiles[r / WIDTH] + SCALES_AT + r % WIDTH * FLOAT);
        const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(own));
        const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r]), scale);
        totals[r] = _mm512_add_ps(totals[r], product);
      }
      w.a += BLOCK_BYTES;
      w.b += BLOCK_BYTES;
    }
    for (uint32_t r = 0; r < ROWS; r++) y.store(r, w.lanes, totals[r]);
  }
};

template <bool ADDS>
void byteProduct(const Call& call) {
  const size_t blocks = call.inputs / BLOCK;
  const size_t tileBytes = blocks * (TILE * BLOCK + 2 * VECTOR);
  forAll(call, ByteProduct<ADDS>{blocks, blocks * BLOCK_BYTES, tileBytes});
}

}  // namespace

/** Whether this processor has the instructions that the rest of this file is made of. */
EXPORT int32_t isSupported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

// The parameters of `matMulKernel` in wasm/mat-mul.ts.
#define PRODUCT(NAME, FUNCTION)                                                                   \
  EXPORT void NAME(char* memory, uint32_t x, uint32_t rows, uint32_t inputs, uint32_t panels,     \
                   uint32_t count, uint32_t y, uint32_t yStride) {                                \
    FUNCTION({memory + x, rows, inputs, memory + panels, count, {memory + y, yStride}});          \
  }

PRODUCT(fp32MatMul, (floatProduct<Fp32, false>))
PRODUCT(fp32MatMulAdd, (floatProduct<Fp32, true>))
PRODUCT(bf16MatMul, (floatProduct<Bf16, false>))
PRODUCT(bf16MatMulAdd, (floatProduct<Bf16, true>))
PRODUCT(fp16MatMul, (floatProduct<Fp16, false>))
PRODUCT(fp16MatMulAdd, (floatProduct<Fp16, true>))
PRODUCT(int8MatMul, (byteProduct<false>))
PRODUCT(int8MatMulAdd, (byteProduct<true>))
