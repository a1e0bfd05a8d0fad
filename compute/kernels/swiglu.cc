// SwiGLU and its gradient (trainer/ops/swiglu.ts has the formulas).
#include "call.h"
#include "threads.h"

namespace {

/// silu(gate) up
template <class T> class Swiglu {
 public:
  explicit Swiglu(Attributes &) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    if (!call.expect(shape.size() == 2 && call.shape(1) == shape, "Swiglu: gate and up [rows, n]")) return;
    const T *gate = call.input<T>(0), *up = call.input<T>(1);
    T *y = call.output<T>(0, shape);
    if (!call.isFine()) return;
    const int64_t n = shape[1];
    shareRows(shape[0], n * 3 * sizeof(T), [&](int64_t first, int64_t end) {
      range(gate, up, y, first * n, end * n);
    });
  }

 private:
  static void range(const T *__restrict gate, const T *__restrict up, T *__restrict y, int64_t first,
                    int64_t end) {
    for (int64_t i = first; i < end; i++) {
      const float g = load(gate[i]);
      store(y[i], g * sigmoid(g) * load(up[i]));
    }
  }
};

/// Gradients of gate and up. It gives the value again too, so that nobody has to keep it.
template <class T> class SwigluGrad {
 public:
  explicit SwigluGrad(Attributes &) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    const bool fits = shape.size() == 2 && call.shape(1) == shape && call.shape(2) == shape;
    if (!call.expect(fits, "SwigluGrad: dy, gate and up [rows, n]")) return;
    const T *dy = call.input<T>(0), *gate = call.input<T>(1), *up = call.input<T>(2);
    T *dgate = call.output<T>(0, shape), *dup = call.output<T>(1, shape), *y = call.output<T>(2, shape);
    if (!call.isFine()) return;
    const int64_t n = shape[1];
    shareRows(shape[0], n * 6 * sizeof(T), [&](int64_t first, int64_t end) {
      range(dy, gate, up, dgate, dup, y, first * n, end * n);
    });
  }

 private:
  static void range(const T *__restrict dy, const T *__restrict gate, const T *__restrict up,
                    T *__restrict dgate, T *__restrict dup, T *__restrict y, int64_t first,
                    int64_t end) {
    for (int64_t i = first; i < end; i++) {
      const float d = load(dy[i]), g = load(gate[i]), u = load(up[i]);
      const float s = sigmoid(g);
      const float silu = g * s;
      // silu'(g) = s + g s (1 - s)
      store(dgate[i], d * u * (s + silu * (1.0f - s)));
      store(dup[i], d * silu);
      store(y[i], silu * u);
    }
  }
};

}  // namespace

void registerSwiglu() {
  defineOp({"CodecLmSwiglu", {"T: {float, bfloat16}"}, {"gate: T", "up: T"}, {"y: T"}});
  addKernels<Swiglu>("CodecLmSwiglu");
  defineOp({"CodecLmSwigluGrad",
            {"T: {float, bfloat16}"},
            {"dy: T", "gate: T", "up: T"},
            {"dgate: T", "dup: T", "y: T"}});
  addKernels<SwigluGrad>("CodecLmSwigluGrad");
}
