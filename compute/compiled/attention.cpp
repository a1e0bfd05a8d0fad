// Attention by AVX-512: what trainer/sample/engine/kernels/ computes, from the same memory and to the last bit. Sums that
// are made there in four lanes are made in the same four lanes here.
#include "common.h"

namespace {

/** Positions of a page. */
constexpr uint32_t PAGE = 64;
constexpr float LOWEST = -1e30f;
/** Where an average has its highest score, its sum of weights (four lanes each) and its values. */
constexpr size_t SUM = 16;
constexpr size_t VALUES = 32;
constexpr size_t LINE = 64;

/** As `exponential` in exponential.ts. */
inline __m512 exponential(__m512 x) {
  const auto set = [](double value) { return _mm512_set1_ps(static_cast<float>(value)); };
  // A second operand that is no number stays.
  __m512 r = _mm512_min_ps(set(88), _mm512_max_ps(set(-87), x));
  const __m512 scaled = _mm512_mul_ps(r, set(1.4426950408889634));
  const __m512 n = _mm512_roundscale_ps(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  r = _mm512_sub_ps(r, _mm512_mul_ps(n, set(0.693359375)));
  r = _mm512_sub_ps(r, _mm512_mul_ps(n, set(-2.1219444e-4)));
  __m512 sum = set(1.98756915e-4);
  for (const double next : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}) {
    sum = _mm512_add_ps(_mm512_mul_ps(sum, r), set(next));
  }
  const __m512 square = _mm512_mul_ps(r, r);
  const __m512 mantissa = _mm512_add_ps(_mm512_add_ps(_mm512_mul_ps(sum, square), r), set(1));
  const __m512i biased = _mm512_add_epi32(_mm512_cvttps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_mul_ps(mantissa, _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23)));
}

/** As `nearestInteger` in wasm/integers.ts. */
inline __m512i nearest(__m512 numbers) {
  const __m512 moved = _mm512_add_ps(numbers, _mm512_set1_ps(12582912.0f));
  return _mm512_sub_epi32(_mm512_castps_si512(moved), _mm512_set1_epi32(0x4b400000));
}

inline __m512 bf16Vector(const char* at) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

inline __m512i bytesAs16(const char* at) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

/** A page of one head, a query, and the averages before and after. */
struct Work {
  const char* q;
  const char* page;
  uint32_t count;
  const char* before;
  char* after;
  float scale;
  uint32_t size;
  /** The next head's page. It is fetched from memory meanwhile, for the processor stops at each 4 KiB. */
  const char* next;
};

inline void fetch(const char* at, size_t bytes) {
  for (size_t i = 0; i < bytes; i += LINE) _mm_prefetch(at + i, _MM_HINT_T0);
}

/** Weights of the positions; those past the end are of no effect. */
struct Weights {
  alignas(64) float at[PAGE];
};

/** As `scoresToWeights` in attention.ts. @returns what the average before is multiplied by */
inline __m512 toWeights(const Work& work, Weights& weights) {
  const float earlier = number(work.before);
  __m512 most = _mm512_set1_ps(earlier);
  for (uint32_t i = 0; i < work.count; i += 16) most = _mm512_max_ps(most, _mm512_load_ps(weights.at + i));
  const __m512 highest = _mm512_set1_ps(_mm512_reduce_max_ps(most));
  const __m512 factor = exponential(_mm512_sub_ps(_mm512_set1_ps(earlier), highest));
  for (uint32_t i = 0; i < work.count; i += 16) {
    const __m512 moved = _mm512_sub_ps(_mm512_load_ps(weights.at + i), highest);
    _mm512_store_ps(weights.at + i, exponential(moved));
  }
  __m128 sum = _mm_setzero_ps();
  for (uint32_t i = 0; i < work.count; i += 4) sum = _mm_add_ps(sum, _mm_load_ps(weights.at + i));
  const __m128 pairs = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  const __m128 total = _mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1));
  const __m128 before = _mm_loadu_ps(reinterpret_cast<const float*>(work.before + SUM));
  const __m128 scaled = _mm_mul_ps(before, _mm512_castps512_ps128(factor));
  _mm_storeu_ps(reinterpret_cast<float*>(work.after), _mm512_castps512_ps128(highest));
  _mm_storeu_ps(reinterpret_cast<float*>(work.after + SUM), _mm_add_ps(scaled, _mm_shuffle_ps(total, total, 0)));
  return factor;
}

/** Keys and values as floating-point numbers: float-cache.ts. */
template <class Number>
struct FloatCache {
  static constexpr size_t BYTES = Number::BYTES;

  static inline __m512 product(const Work& work, const char* key) {
    __m512 sum = _mm512_setzero_ps();
    for (uint32_t i = 0; i < work.size; i += 16) {
      const __m512 q = _mm512_loadu_ps(reinterpret_cast<const float*>(work.q) + i);
      sum = _mm512_add_ps(sum, _mm512_mul_ps(q, Number::read(key + i * BYTES)));
    }
    return sum;
  }

  static inline void scores(const Work& work, Weights& weights) {
    const size_t row = work.size * BYTES;
    const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    for (uint32_t i = 0; i < work.count; i += 4) {
      const char* key = work.page + i * row;
      fetch(work.next + i * row, 4 * row);
      const __m512 a = product(work, key), b = product(work, key + row);
      const __m512 c = product(work, key + 2 * row), d = product(work, key + 3 * row);
      // The first quarters of all four, the second ones, ...
      const __m512 ab = _mm512_shuffle_f32x4(a, b, 0x44), AB = _mm512_shuffle_f32x4(a, b, 0xee);
      const __m512 cd = _mm512_shuffle_f32x4(c, d, 0x44), CD = _mm512_shuffle_f32x4(c, d, 0xee);
      __m512 sum = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
      sum = _mm512_add_ps(sum, _mm512_shuffle_f32x4(AB, CD, 0x88));
      sum = _mm512_add_ps(sum, _mm512_shuffle_f32x4(AB, CD, 0xdd));
      sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0x4e));
      sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0xb1));
      const __m128 four = _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, sum));
      _mm_store_ps(weights.at + i, _mm_mul_ps(four, _mm_set1_ps(work.scale)));
    }
  }

  template <uint32_t VECTORS>
  static inline void columns(const Work& work, const Weights& weights, __m512 factor, uint32_t from) {
    const size_t row = work.size * BYTES;
    const char* value = work.page + PAGE * row + from * BYTES;
    const float* before = reinterpret_cast<const float*>(work.before + VALUES) + from;
    float* after = reinterpret_cast<float*>(work.after + VALUES) + from;
    __m512 sums[VECTORS];
    each<VECTORS>([&](auto v) { sums[v] = _mm512_mul_ps(_mm512_loadu_ps(before + 16 * v), factor); });
    const char* next = work.next + (value - work.page);
    for (uint32_t i = 0; i < work.count; i++, value += row, next += row) {
      fetch(next, 16 * VECTORS * BYTES);
      const __m512 weight = _mm512_set1_ps(weights.at[i]);
      each<VECTORS>([&](auto v) {
        sums[v] = _mm512_add_ps(sums[v], _mm512_mul_ps(weight, Number::read(value + 16 * v * BYTES)));
      });
    }
    each<VECTORS>([&](auto v) { _mm512_storeu_ps(after + 16 * v, sums[v]); });
  }

  static inline void weigh(const Work& work, Weights& weights, __m512 factor) {
    uint32_t from = 0;
    for (; from + 64 <= work.size; from += 64) columns<4>(work, weights, factor, from);
    for (; from < work.size; from += 16) columns<1>(work, weights, factor, from);
  }
};

struct Fp32Number {
  static constexpr size_t BYTES = 4;
  static inline __m512 read(const char* at) { return _mm512_loadu_ps(reinterpret_cast<const float*>(at)); }
};

struct Bf16Number {
  static constexpr size_t BYTES = 2;
  static inline __m512 read(const char* at) { return bf16Vector(at); }
};

/** Keys and values of 8 bits: int8-cache.ts and int8-attention.ts. */
struct ByteCache {
  /** Bytes of 16 numbers of the values, of two positions and of a page. */
  static constexpr size_t PAIR = 32;
  static constexpr size_t PIECE = 16 * PAGE;

  static inline __m512i product(const Work& work, const char* key) {
    __m512i sum = _mm512_setzero_si512();
    uint32_t i = 0;
    for (; i + 32 <= work.size; i += 32) {
      sum = _mm512_dpwssd_epi32(sum, _mm512_loadu_si512(work.q + 2 * i), bytesAs16(key + i));
    }
    if (i == work.size) return sum;
    const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(work.q + 2 * i));
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key + i));
    const __m256i last = _mm256_madd_epi16(q, _mm256_cvtepi8_epi16(half));
    return _mm512_add_epi32(sum, _mm512_zextsi256_si512(last));
  }

  /** Each quarter has the sums of the same quarter of all four. */
  static inline __m512i fourSums(const Work& work, const char* key) {
    const __m512i a = product(work, key), b = product(work, key + work.size);
    const __m512i c = product(work, key + 2 * work.size), d = product(work, key + 3 * work.size);
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  }

  static inline void scores(const Work& work, Weights& weights) {
    const __m512 factor = _mm512_set1_ps(number(work.q + 2 * work.size) * work.scale);
    for (uint32_t i = 0; i < work.count; i += 16) {
      fetch(work.next + i * work.size, 16 * work.size);
      __m512i fours[4];
      each<4>([&](auto n) { fours[n] = fourSums(work, work.page + (i + 4 * n) * work.size); });
      const auto quarters = [](__m512i a, __m512i b) {
        return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
      };
      const __m512i low = quarters(fours[0], fours[1]), high = quarters(fours[2], fours[3]);
      const __m512i sums =
          _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
      const __m512 scales = bf16Vector(work.page + PAGE * work.size + 2 * i);
      _mm512_store_ps(weights.at + i, _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(scales, factor)));
    }
  }

  static inline void weigh(const Work& work, Weights& weights, __m512 factor) {
    const char* values = work.page + PAGE * work.size + 2 * PAGE;
    const char* scales = values + PAGE * work.size;
    __m512 most = _mm512_setzero_ps();
    for (uint32_t i = 0; i < PAGE; i += 16) {
      const uint32_t left = work.count > i ? work.count - i : 0;
      const __mmask16 lanes = left >= 16 ? 0xffff : (1u << left) - 1;
      const __m512 own = _mm512_maskz_mul_ps(lanes, _mm512_load_ps(weights.at + i), bf16Vector(scales + 2 * i));
      _mm512_store_ps(weights.at + i, own);
      most = _mm512_max_ps(most, own);
    }
    const float largest = _mm512_reduce_max_ps(most);
    const __m512 back = _mm512_set1_ps(largest * static_cast<float>(1.0 / 32767));
    const __m512 inverse = _mm512_set1_ps(32767.0f / largest);
    alignas(64) int16_t halves[PAGE];
    for (uint32_t i = 0; i < PAGE; i += 16) {
      const __m512i whole = nearest(_mm512_mul_ps(_mm512_load_ps(weights.at + i), inverse));
      _mm256_store_si256(reinterpret_cast<__m256i*>(halves + i), _mm512_cvtsepi32_epi16(whole));
    }
    uint32_t from = 0;
    for (; from + 64 <= work.size; from += 64) pieces<4>(work, values, halves, back, factor, from);
    for (; from < work.size; from += 16) pieces<1>(work, values, halves, back, factor, from);
  }

  template <uint32_t PIECES>
  static inline void pieces(const Work& work, const char* values, const int16_t* weights, __m512 back,
                            __m512 factor, uint32_t from) {
    const char* value = values + from / 16 * PIECE;
    __m512i sums[PIECES];
    each<PIECES>([&](auto p) { sums[p] = _mm512_setzero_si512(); });
    const char* next = work.next + (value - work.page);
    for (uint32_t i = 0; i < work.count; i += 2, value += PAIR, next += PAIR) {
      if (i % 4 == 0) each<PIECES>([&](auto p) { _mm_prefetch(next + p * PIECE, _MM_HINT_T0); });
      const __m512i pair = _mm512_set1_epi32(word(reinterpret_cast<const char*>(weights + i)));
      each<PIECES>([&](auto p) { sums[p] = _mm512_dpwssd_epi32(sums[p], bytesAs16(value + p * PIECE), pair); });
    }
    const float* before = reinterpret_cast<const float*>(work.before + VALUES) + from;
    float* after = reinterpret_cast<float*>(work.after + VALUES) + from;
    each<PIECES>([&](auto p) {
      const __m512 earlier = _mm512_mul_ps(_mm512_loadu_ps(before + 16 * p), factor);
      const __m512 own = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[p]), back);
      _mm512_storeu_ps(after + 16 * p, _mm512_add_ps(earlier, own));
    });
  }
};

template <class Cache>
inline void attendPage(const Work& work) {
  Weights weights;
  Cache::scores(work, weights);
  for (uint32_t i = work.count; i < PAGE; i++) weights.at[i] = LOWEST;
  const __m512 factor = toWeights(work, weights);
  Cache::weigh(work, weights, factor);
}

/** A group of pages of a sequence, and some of its rows and heads; see `attendGroup` in link.ts. */
struct Group {
  uint32_t q, qStride, table, pages, headBytes, fromPage, toPage, fromHead, toHead, queries, rows, position, averages,
      averageStride, empty, size;
};

template <class Cache>
void attend(char* memory, const Group& group, float scale) {
  const size_t averageBytes = VALUES + group.size * FLOAT;
  for (uint32_t page = group.fromPage; page < group.toPage; page++) {
    const auto pageAt = [&](uint32_t n) {
      return memory + group.pages + word(memory + group.table + 4 * n);
    };
    const char* at = pageAt(page);
    const char* behind = page + 1 < group.toPage ? pageAt(page + 1) : at;
    for (uint32_t kvHead = group.fromHead; kvHead < group.toHead; kvHead++) {
      const char* own = at + size_t{kvHead} * group.headBytes;
      const bool isLast = kvHead + 1 == group.toHead;
      const char* next = isLast ? behind + size_t{group.fromHead} * group.headBytes : own + group.headBytes;
      for (uint32_t row = 0; row < group.rows; row++) {
        const int64_t count = int64_t{group.position} + row + 1 - int64_t{page} * PAGE;
        if (count <= 0) continue;
        for (uint32_t head = kvHead * group.queries; head < (kvHead + 1) * group.queries; head++) {
          char* after = memory + group.averages + size_t{row} * group.averageStride + head * averageBytes;
          const char* before = page == group.fromPage ? memory + group.empty : after;
          const char* q = memory + group.q + size_t{row} * group.qStride + head * group.size * FLOAT;
          const uint32_t seen = count < PAGE ? static_cast<uint32_t>(count) : PAGE;
          attendPage<Cache>({q, own, seen, before, after, scale, group.size, next});
        }
      }
    }
  }
}

}  // namespace

#define ATTEND(NAME, CACHE)                                                                                  \
  EXPORT void NAME(char* memory, uint32_t q, uint32_t qStride, uint32_t table, uint32_t pages,               \
                   uint32_t headBytes, uint32_t fromPage, uint32_t toPage, uint32_t fromHead,                \
                   uint32_t toHead, uint32_t queries, uint32_t rows, uint32_t position, uint32_t averages,   \
                   uint32_t averageStride, uint32_t empty, uint32_t size, float scale) {                     \
    attend<CACHE>(memory, {q, qStride, table, pages, headBytes, fromPage, toPage, fromHead, toHead, queries, \
                           rows, position, averages, averageStride, empty, size},                            \
                  scale);                                                                                    \
  }

ATTEND(fp32Attend, FloatCache<Fp32Number>)
ATTEND(bf16Attend, FloatCache<Bf16Number>)
ATTEND(int8Attend, ByteCache)
