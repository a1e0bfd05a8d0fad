// Negative log-likelihood of the next token and its gradient (trainer/ops/cross-entropy.ts), in two passes.
#include <cmath>
#include "call.h"
#include "threads.h"

namespace {

/// losses [rows], 0 where the target is negative; gradient of `scale` times their sum, [rows, vocabulary]
template <class T> class CrossEntropy {
 public:
  explicit CrossEntropy(Attributes &) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    const bool fits = shape.size() == 2 && call.size(1) == shape[0] && call.size(2) == 1;
    if (!call.expect(fits, "CrossEntropy: logits [rows, vocabulary], targets [rows], scale []")) return;
    const int64_t rows = shape[0], n = shape[1];
    const float *logits = call.input<float>(0);
    const int32_t *targets = call.input<int32_t>(1);
    const float scale = call.input<float>(2)[0];
    for (int64_t row = 0; row < rows; row++) {
      if (!call.expect(targets[row] < n, "CrossEntropy: a target is not in the vocabulary")) return;
    }
    float *losses = call.output<float>(0, {rows}), *gradient = call.output<float>(1, shape);
    if (!call.isFine()) return;
    shareRows(rows, 2 * n * sizeof(float), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        losses[row] = one(logits + row * n, targets[row], scale, gradient + row * n, n);
      }
    });
  }

 private:
  static float one(const float *__restrict logits, int32_t target, float scale, float *__restrict gradient,
                   int64_t n) {
    if (target < 0) {
      for (int64_t i = 0; i < n; i++) gradient[i] = 0;
      return 0;
    }
    float highest = logits[0];
#pragma omp simd reduction(max : highest)
    for (int64_t i = 0; i < n; i++) highest = logits[i] > highest ? logits[i] : highest;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
      gradient[i] = exponential(logits[i] - highest);
      sum += gradient[i];
    }
    const float factor = scale / sum;
    for (int64_t i = 0; i < n; i++) gradient[i] *= factor;
    gradient[target] -= scale;
    return std::log(sum) - (logits[target] - highest);
  }
};

}  // namespace

void registerLoss() {
  defineOp({"CodecLmCrossEntropy",
            {"T: {float}"},
            {"logits: T", "targets: int32", "scale: float"},
            {"losses: float", "gradient: T"}});
  addTyped<CrossEntropy, float>("CodecLmCrossEntropy");
}
