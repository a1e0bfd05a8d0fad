// Causal softmax of a block of queries, and its gradient (trainer/ops/attention). What a query may not see is never
// computed, and there is no tensor of a mask.
#include <limits>
#include "call.h"
#include "threads.h"

namespace {

/// Rows of scores: [groups, queriesPerKey * block, end]. Query i of a block is at position end - block + i.
struct Rows {
  int64_t count, block, end, groupsPerSequence, queriesPerKey;

  int64_t position(int64_t row) const { return end - block + row % block; }
  int64_t sequence(int64_t row) const { return row / (queriesPerKey * block) / groupsPerSequence; }
};

/// segments: [batch, time], or [0, 0] for one document
template <class T> class CausalSoftmax {
 public:
  explicit CausalSoftmax(Attributes &attributes) : queriesPerKey_(attributes.whole("queries_per_key")) {}

  void run(Call &call) const {
    const auto shape = call.shape(0), ids = call.shape(1);
    bool fits = shape.size() == 3 && queriesPerKey_ > 0 && shape[1] % queriesPerKey_ == 0;
    const bool hasSegments = call.size(1) > 0;
    if (fits && hasSegments) fits = ids.size() == 2 && shape[0] % ids[0] == 0 && ids[1] >= shape[2];
    if (fits) fits = shape[1] / queriesPerKey_ <= shape[2];
    if (!call.expect(fits, "CausalSoftmax: scores [groups, queries, keys], segments [batch, time]")) return;
    const int32_t *segments = hasSegments ? call.input<int32_t>(1) : nullptr;
    const int64_t time = hasSegments ? ids[1] : 0;
    const Rows rows{shape[0] * shape[1], shape[1] / queriesPerKey_, shape[2],
                    hasSegments ? shape[0] / ids[0] : shape[0], queriesPerKey_};
    const float *scores = call.input<float>(0);
    float *p = call.output<float>(0, shape);
    if (!call.isFine()) return;
    shareRows(rows.count, 2 * rows.end * sizeof(float), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        const int64_t at = row * rows.end, position = rows.position(row);
        const int32_t *own = segments ? segments + rows.sequence(row) * time : nullptr;
        if (own) masked(scores + at, own, position, p + at, rows.end);
        else plain(scores + at, position + 1, p + at, rows.end);
      }
    });
  }

 private:
  static void plain(const float *__restrict scores, int64_t seen, float *__restrict p, int64_t all) {
    float highest = scores[0];
#pragma omp simd reduction(max : highest)
    for (int64_t i = 0; i < seen; i++) highest = scores[i] > highest ? scores[i] : highest;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < seen; i++) {
      p[i] = exponential(scores[i] - highest);
      sum += p[i];
    }
    const float factor = 1.0f / sum;
    for (int64_t i = 0; i < seen; i++) p[i] *= factor;
    for (int64_t i = seen; i < all; i++) p[i] = 0;
  }

  static void masked(const float *__restrict scores, const int32_t *__restrict segments, int64_t position,
                     float *__restrict p, int64_t all) {
    const int32_t own = segments[position];
    const int64_t seen = position + 1;
    // A query sees itself: the highest score is always one that it sees.
    float highest = scores[position];
#pragma omp simd reduction(max : highest)
    for (int64_t i = 0; i < seen; i++) {
      const float score = segments[i] == own ? scores[i] : -std::numeric_limits<float>::infinity();
      highest = score > highest ? score : highest;
    }
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < seen; i++) {
      p[i] = segments[i] == own ? exponential(scores[i] - highest) : 0.0f;
      sum += p[i];
    }
    const float factor = 1.0f / sum;
    for (int64_t i = 0; i < seen; i++) p[i] *= factor;
    for (int64_t i = seen; i < all; i++) p[i] = 0;
  }

  int64_t queriesPerKey_;
};

/// Gradient of the scores, p (dp - D), where D is the sum of dp p over a row: that of dy y over a row of the output,
/// [groups, queries, size] (Dao et al. 2022, arXiv 2205.14135, appendix B, equation 4).
template <class T> class CausalSoftmaxGrad {
 public:
  explicit CausalSoftmaxGrad(Attributes &attributes) : queriesPerKey_(attributes.whole("queries_per_key")) {}

  void run(Call &call) const {
    const auto shape = call.shape(0), values = call.shape(2);
    bool fits = shape.size() == 3 && queriesPerKey_ > 0 && shape[1] % queriesPerKey_ == 0;
    fits = fits && call.shape(1) == shape && values.size() == 3 && call.shape(3) == values;
    fits = fits && values[0] == shape[0] && values[1] == shape[1] && shape[1] / queriesPerKey_ <= shape[2];
    if (!call.expect(fits, "CausalSoftmaxGrad: p and dp [groups, queries, keys], dy and y [groups, queries, size]")) return;
    const Rows rows{shape[0] * shape[1], shape[1] / queriesPerKey_, shape[2], 1, queriesPerKey_};
    const float *p = call.input<float>(0), *dp = call.input<float>(1);
    const float *dy = call.input<float>(2), *y = call.input<float>(3);
    float *ds = call.output<float>(0, shape);
    if (!call.isFine()) return;
    const int64_t size = values[2];
    shareRows(rows.count, (3 * rows.end + 2 * size) * sizeof(float), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        const int64_t at = row * rows.end;
        const float sum = dot(dy + row * size, y + row * size, size);
        one(p + at, dp + at, sum, ds + at, rows.position(row) + 1, rows.end);
      }
    });
  }

 private:
  static float dot(const float *__restrict x, const float *__restrict y, int64_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
  }

  static void one(const float *__restrict p, const float *__restrict dp, float sum, float *__restrict ds,
                  int64_t seen, int64_t all) {
    for (int64_t i = 0; i < seen; i++) ds[i] = p[i] * (dp[i] - sum);
    for (int64_t i = seen; i < all; i++) ds[i] = 0;
  }

  int64_t queriesPerKey_;
};

}  // namespace

void registerSoftmax() {
  defineOp({"CodecLmCausalSoftmax",
            {"T: {float}", "queries_per_key: int"},
            {"scores: T", "segments: int32"},
            {"p: T"}});
  addTyped<CausalSoftmax, float>("CodecLmCausalSoftmax");
  defineOp({"CodecLmCausalSoftmaxGrad",
            {"T: {float}", "queries_per_key: int"},
            {"p: T", "dp: T", "dy: T", "y: T"},
            {"ds: T"}});
  addTyped<CausalSoftmaxGrad, float>("CodecLmCausalSoftmaxGrad");
}
