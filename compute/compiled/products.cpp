// Products of the decoder by AVX-512: what wasm/mat-mul.ts and wasm/int8-mat-mul.ts compute, from the same memory
// and to the last bit. A vector holds the sums of 16 outputs, two panels; each is one sum over the inputs in ascending
// order, of products that were rounded (so no fused multiply-add), as in WebAssembly.
#include "common.h"

namespace {

constexpr uint32_t TILE = 4;
constexpr uint32_t LANES = 8;
constexpr size_t LINE = 64;
/** Bytes between what a single row multiplies and what is fetched for it: the processor's own prefetch ends at each 4 KiB. */
constexpr size_t AHEAD = 8192;

inline __m128i halves(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

inline __m256i bothHalves(const char* a, const char* b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(halves(a)), halves(b), 1);
}

/** Weights of one input in a panel or in two, widened. */
struct Fp32 {
  static constexpr size_t BYTES = 32;
  static inline __m256 read(const char* at) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
  }
  static inline __m512 read(const char* a, const char* b) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(read(a)), read(b), 1);
  }
};

struct Bf16 {
  static constexpr size_t BYTES = 16;
  static inline __m256 read(const char* at) {
    const __m256i wide = _mm256_cvtepu16_epi32(halves(at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  static inline __m512 read(const char* a, const char* b) {
    const __m512i wide = _mm512_cvtepu16_epi32(bothHalves(a, b));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
};

struct Fp16 {
  static constexpr size_t BYTES = 16;
  static inline __m256 read(const char* at) { return _mm256_cvtph_ps(halves(at)); }
  static inline __m512 read(const char* a, const char* b) {
    return _mm512_cvtph_ps(bothHalves(a, b));
  }
};

/** Two panels, or one twice. */
struct Panels {
  const char* a;
  const char* b;
  __mmask16 lanes;
  /** The next two, to be fetched from memory meanwhile, in the order in which they lie there. */
  const char* next;
};

inline Panels panelsAt(const char* at, size_t bytes, uint32_t left) {
  const char* next = at + 2 * bytes;
  return left > 1 ? Panels{at, at + bytes, 0xffff, next} : Panels{at, at, 0x00ff, next};
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

/** What both kinds of products are asked for; see `matMulKernel`. */
struct Call {
  const char* x;
  uint32_t rows;
  uint32_t inputs;
  const char* panels;
  uint32_t count;
  Outputs y;
};

/** Runs `product.tiles` for all rows, two panels at a time; and `product.row` for a last row that is alone in its tile. */
template <class Product>
inline void forAll(const Call& call, const Product& product) {
  const uint32_t alone = call.rows % TILE == 1;
  const uint32_t tiles = (call.rows + TILE - 1) / TILE - alone;
  const auto x = [&](uint32_t tile) { return call.x + tile * product.tileBytes; };
  const char* w = call.panels;
  // Panel after panel, as they lie in memory: it gives a single stream faster than two.
  for (uint32_t panel = 0; tiles == 0 && panel < call.count; panel++) {
    product.row(call.x, w, call.y.at + panel * LANES * FLOAT);
    w += product.panelBytes;
  }
  for (uint32_t panel = 0; tiles > 0 && panel < call.count; panel += 2) {
    const Panels two = panelsAt(w, product.panelBytes, call.count - panel);
    const Outputs y = {call.y.at + panel * LANES * FLOAT, call.y.stride};
    constexpr uint32_t MOST = Product::MOST;
    uint32_t tile = 0;
    for (; tile + MOST <= tiles; tile += MOST) {
      product.template tiles<MOST>(x(tile), two, y.from(tile * TILE));
    }
    for (; tile + 2 <= tiles; tile += 2) product.template tiles<2>(x(tile), two, y.from(tile * TILE));
    if (tile < tiles) product.template tiles<1>(x(tile), two, y.from(tile * TILE));
    if (alone) {
      char* to = y.from(tiles * TILE).at;
      product.row(x(tiles), two.a, to);
      if (two.a != two.b) product.row(x(tiles), two.b, to + LANES * FLOAT);
    }
    w = two.next;
  }
}

template <class Format, bool ADDS>
struct FloatProduct {
  /** Sums of as many tiles leave half of the registers free. */
  static constexpr uint32_t MOST = 4;
  size_t inputs;
  size_t panelBytes;
  size_t tileBytes;

  template <uint32_t TILES>
  inline void tiles(const char* x, Panels w, Outputs y) const {
    constexpr uint32_t ROWS = TILES * TILE;
    __m512 sums[ROWS];
    each<ROWS>([&](auto r) { sums[r] = ADDS ? y.load(r, w.lanes) : _mm512_setzero_ps(); });
    for (size_t k = 0; k < inputs; k++) {
      const __m512 weights = Format::read(w.a + k * Format::BYTES, w.b + k * Format::BYTES);
      _mm_prefetch(w.next + 2 * k * Format::BYTES, _MM_HINT_T0);
      each<ROWS>([&](auto r) {
        const float input = number(x + r / TILE * tileBytes + (k * TILE + r % TILE) * FLOAT);
        sums[r] = _mm512_add_ps(sums[r], _mm512_mul_ps(_mm512_set1_ps(input), weights));
      });
    }
    each<ROWS>([&](auto r) { y.store(r, w.lanes, sums[r]); });
  }

  inline void row(const char* x, const char* w, char* y) const {
    float* to = reinterpret_cast<float*>(y);
    __m256 sums = ADDS ? _mm256_loadu_ps(to) : _mm256_setzero_ps();
    for (size_t k = 0; k < inputs; k += 4) {
      for (size_t i = 0; i < 4 * Format::BYTES; i += LINE) {
        _mm_prefetch(w + k * Format::BYTES + i + AHEAD, _MM_HINT_T0);
      }
      each<4>([&](auto i) {
        const __m256 input = _mm256_set1_ps(number(x + (k + i) * FLOAT));
        const __m256 weights = Format::read(w + (k + i) * Format::BYTES);
        sums = _mm256_add_ps(sums, _mm256_mul_ps(input, weights));
      });
    }
    _mm256_storeu_ps(to, sums);
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

/** A block of rows: their fours of inputs, their scales, and what their sums begin with. */
template <uint32_t WIDTH>
struct RowBlock {
  static constexpr size_t SCALES_AT = WIDTH * BLOCK;
  static constexpr size_t SUMS_AT = SCALES_AT + VECTOR;
  static constexpr size_t BYTES = SUMS_AT + VECTOR;
};

template <bool ADDS>
struct ByteProduct {
  /** A row has a sum of whole numbers and one of blocks. */
  static constexpr uint32_t MOST = 2;
  size_t blocks;
  size_t panelBytes;
  size_t tileBytes;

  template <uint32_t TILES>
  inline void tiles(const char* x, Panels w, Outputs y) const {
    constexpr uint32_t ROWS = TILES * TILE;
    using Rows = RowBlock<TILE>;
    __m512 totals[ROWS];
    each<ROWS>([&](auto r) { totals[r] = ADDS ? y.load(r, w.lanes) : _mm512_setzero_ps(); });
    for (size_t block = 0; block < blocks; block++) {
      const auto at = [&](uint32_t r, size_t first) {
        return x + r / TILE * tileBytes + first + r % TILE * FLOAT;
      };
      __m512i sums[ROWS];
      each<ROWS>([&](auto r) { sums[r] = _mm512_set1_epi32(word(at(r, Rows::SUMS_AT))); });
      each<FOURS>([&](auto four) {
        const __m512i weights = _mm512_castps_si512(Fp32::read(w.a + four * 32, w.b + four * 32));
        _mm_prefetch(w.next + four * LINE, _MM_HINT_T0);
        each<ROWS>([&](auto r) {
          const __m512i inputs = _mm512_set1_epi32(word(at(r, four * TILE * 4)));
          sums[r] = _mm512_dpbusd_epi32(sums[r], weights, inputs);
        });
      });
      const __m512 scales = Bf16::read(w.a + SCALES, w.b + SCALES);
      each<ROWS>([&](auto r) {
        const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(number(at(r, Rows::SCALES_AT))));
        const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r]), scale);
        totals[r] = _mm512_add_ps(totals[r], product);
      });
      x += Rows::BYTES;
      w = {w.a + BLOCK_BYTES, w.b + BLOCK_BYTES, w.lanes, w.next + 2 * BLOCK_BYTES};
    }
    each<ROWS>([&](auto r) { y.store(r, w.lanes, totals[r]); });
  }

  inline void row(const char* x, const char* w, char* y) const {
    using Row = RowBlock<1>;
    float* to = reinterpret_cast<float*>(y);
    __m256 total = ADDS ? _mm256_loadu_ps(to) : _mm256_setzero_ps();
    for (size_t block = 0; block < blocks; block++) {
      // Two sums, so that none waits for the one before it.
      __m256i sums[2] = {_mm256_set1_epi32(word(x + Row::SUMS_AT)), _mm256_setzero_si256()};
      each<FOURS>([&](auto four) {
        const __m256i weights = _mm256_castps_si256(Fp32::read(w + four * 32));
        const __m256i inputs = _mm256_set1_epi32(word(x + four * 4));
        sums[four % 2] = _mm256_dpbusd_epi32(sums[four % 2], weights, inputs);
      });
      const __m256 scale = _mm256_mul_ps(Bf16::read(w + SCALES), _mm256_set1_ps(number(x + BLOCK)));
      const __m256 whole = _mm256_cvtepi32_ps(_mm256_add_epi32(sums[0], sums[1]));
      total = _mm256_add_ps(total, _mm256_mul_ps(whole, scale));
      x += Row::BYTES;
      w += BLOCK_BYTES;
    }
    _mm256_storeu_ps(to, total);
  }
};

template <bool ADDS>
void byteProduct(const Call& call) {
  const size_t blocks = call.inputs / BLOCK;
  forAll(call, ByteProduct<ADDS>{blocks, blocks * BLOCK_BYTES, blocks * RowBlock<TILE>::BYTES});
}

}  // namespace

/** Whether this processor has the instructions that the rest of this file is made of. */
EXPORT int32_t isSupported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("f16c");
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
