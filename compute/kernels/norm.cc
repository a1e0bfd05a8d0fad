// RMSNorm and its gradient (trainer/ops/rms-norm.ts has the formulas), one pass over memory each.
#include <algorithm>
#include <cmath>
#include <vector>
#include "call.h"
#include "threads.h"

namespace {

/// Rows whose gradients of the weight are added up first. It does not depend on threads, so neither do the results.
constexpr int64_t kRowsPerSum = 64;

/// y = x r w with r = 1 / sqrt(mean(x²) + epsilon); also gives r, [rows].
template <class T> class RmsNorm {
 public:
  explicit RmsNorm(Attributes &attributes) : epsilon_(attributes.real("epsilon")) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    if (!call.expect(shape.size() == 2 && call.size(1) == shape[1], "RmsNorm: x [rows, n], weight [n]")) return;
    const int64_t rows = shape[0], n = shape[1];
    const float *x = call.input<float>(0), *weight = call.input<float>(1);
    T *y = call.output<T>(0, shape);
    float *r = call.output<float>(1, {rows});
    if (!call.isFine()) return;
    shareRows(rows, n * (sizeof(float) + sizeof(T)), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        r[row] = one(x + row * n, weight, y + row * n, n);
      }
    });
  }

 private:
  float one(const float *__restrict x, const float *__restrict weight, T *__restrict y, int64_t n) const {
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; i++) squares += x[i] * x[i];
    const float r = 1.0f / std::sqrt(squares / n + epsilon_);
    for (int64_t i = 0; i < n; i++) store(y[i], x[i] * r * weight[i]);
    return r;
  }

  float epsilon_;
};

/// Adds to `skip`, the gradient that goes past the norm, that of its input. The gradients of its output are given as
/// N parts, from N products, and are summed here.
template <class T> class RmsNormGrad {
 public:
  explicit RmsNormGrad(Attributes &attributes) : parts_(attributes.whole("N")) {}

  void run(Call &call) const {
    const int at = parts_;
    const auto shape = call.shape(at);
    bool fits = shape.size() == 2 && call.size(at + 1) == shape[1] && call.size(at + 2) == shape[0] &&
                call.shape(at + 3) == shape;
    for (int i = 0; i < parts_; i++) fits = fits && call.shape(i) == shape;
    if (!call.expect(fits, "RmsNormGrad: dys, x and skip [rows, n], weight [n], r [rows]")) return;
    const int64_t rows = shape[0], n = shape[1];
    std::vector<const T *> dys;
    for (int i = 0; i < parts_; i++) dys.push_back(call.input<T>(i));
    const float *x = call.input<float>(at), *weight = call.input<float>(at + 1);
    const float *r = call.input<float>(at + 2), *skip = call.input<float>(at + 3);
    float *dx = call.output<float>(0, shape), *dweight = call.output<float>(1, {n});
    if (!call.isFine()) return;
    const int64_t blocks = (rows + kRowsPerSum - 1) / kRowsPerSum;
    std::vector<float> sums(blocks * n);
    const int64_t bytes = kRowsPerSum * n * (parts_ * sizeof(T) + 3 * sizeof(float));
    shareRows(blocks, bytes, [&](int64_t first, int64_t end) {
      std::vector<float> dy(n);
      for (int64_t row = first * kRowsPerSum; row < std::min(rows, end * kRowsPerSum); row++) {
        addUp(dys, row, n, dy.data());
        const int64_t at = row * n;
        float *sum = &sums[row / kRowsPerSum * n];
        one(dy.data(), x + at, weight, r[row], skip + at, dx + at, sum, n);
      }
    });
    for (int64_t i = 0; i < n; i++) dweight[i] = 0;
    for (int64_t block = 0; block < blocks; block++) {
      for (int64_t i = 0; i < n; i++) dweight[i] += sums[block * n + i];
    }
  }

 private:
  static void addUp(const std::vector<const T *> &dys, int64_t row, int64_t n, float *__restrict sum) {
    for (size_t part = 0; part < dys.size(); part++) {
      const T *__restrict dy = dys[part] + row * n;
      if (part == 0) {
        for (int64_t i = 0; i < n; i++) sum[i] = load(dy[i]);
      } else {
        for (int64_t i = 0; i < n; i++) sum[i] += load(dy[i]);
      }
    }
  }

  static void one(const float *__restrict dy, const float *__restrict x, const float *__restrict weight,
                  float r, const float *__restrict skip, float *__restrict dx,
                  float *__restrict dweight, int64_t n) {
    float along = 0;
#pragma omp simd reduction(+ : along)
    for (int64_t i = 0; i < n; i++) {
      const float dyx = dy[i] * x[i];
      along += dyx * weight[i];
      dweight[i] += dyx * r;
    }
    const float factor = along / n * r * r * r;
    for (int64_t i = 0; i < n; i++) dx[i] = skip[i] + (dy[i] * weight[i] * r - x[i] * factor);
  }

  int parts_;
};

}  // namespace

void registerNorm() {
  defineOp({"CodecLmRmsNorm",
            {"T: {float, bfloat16}", "epsilon: float"},
            {"x: float", "weight: float"},
            {"y: T", "r: float"}});
  addKernels<RmsNorm>("CodecLmRmsNorm");
  defineOp({"CodecLmRmsNormGrad",
            {"T: {float, bfloat16}", "N: int >= 1"},
            {"dys: N * T", "x: float", "weight: float", "r: float", "skip: float"},
            {"dx: float", "dweight: float"}});
  addKernels<RmsNormGrad>("CodecLmRmsNormGrad");
}
