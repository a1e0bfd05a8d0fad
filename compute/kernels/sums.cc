// Sums that save a pass over memory or a cast, and the first rows of groups.
#include "call.h"
#include "threads.h"

namespace {

/// x + change: the residual stream stays fp32, what a layer adds is as its product has it.
template <class T> class Residual {
 public:
  explicit Residual(Attributes &) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    if (!call.expect(shape.size() == 2 && call.shape(1) == shape, "Residual: x and change [rows, n]")) return;
    const float *x = call.input<float>(0);
    const T *change = call.input<T>(1);
    float *y = call.output<float>(0, shape);
    if (!call.isFine()) return;
    const int64_t n = shape[1];
    shareRows(shape[0], n * (2 * sizeof(float) + sizeof(T)), [&](int64_t first, int64_t end) {
      range(x, change, y, first * n, end * n);
    });
  }

 private:
  static void range(const float *__restrict x, const T *__restrict change, float *__restrict y, int64_t first,
                    int64_t end) {
    for (int64_t i = first; i < end; i++) y[i] = x[i] + load(change[i]);
  }
};

/// Adds `more`, [groups, rows, n], to the first rows of each group of `sum`, [groups, at least as many rows, n], in
/// place: whoever calls it owns `sum` alone.
template <class T> class AddToFirst {
 public:
  explicit AddToFirst(Attributes &) {}

  void run(Call &call) const {
    const auto shape = call.shape(0), more = call.shape(1);
    const bool fits = shape.size() == 3 && more.size() == 3 && shape[0] == more[0] && more[1] <= shape[1] && shape[2] == more[2];
    if (!call.expect(fits, "AddToFirst: sum [groups, rows, n], more [groups, some rows, n]")) return;
    float *sum = const_cast<float *>(call.input<float>(0));
    const float *values = call.input<float>(1);
    const int64_t length = more[1] * more[2], stride = shape[1] * shape[2];
    shareRows(shape[0], 3 * length * sizeof(float), [&](int64_t first, int64_t end) {
      for (int64_t group = first; group < end; group++) range(sum + group * stride, values + group * length, length);
    });
  }

 private:
  static void range(float *__restrict sum, const float *__restrict more, int64_t n) {
    for (int64_t i = 0; i < n; i++) sum[i] += more[i];
  }
};

/// The first rows of each group, [groups, rows, n].
template <class T> class FirstRows {
 public:
  explicit FirstRows(Attributes &attributes) : rows_(attributes.whole("rows")) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    const bool fits = shape.size() == 3 && rows_ >= 0 && rows_ <= shape[1];
    if (!call.expect(fits, "FirstRows: x [groups, at least so many rows, n]")) return;
    const float *x = call.input<float>(0);
    float *y = call.output<float>(0, {shape[0], rows_, shape[2]});
    if (!call.isFine()) return;
    const int64_t length = rows_ * shape[2], stride = shape[1] * shape[2];
    shareRows(shape[0], 2 * length * sizeof(float), [&](int64_t first, int64_t end) {
      for (int64_t group = first; group < end; group++) {
        std::memcpy(y + group * length, x + group * stride, length * sizeof(float));
      }
    });
  }

 private:
  int64_t rows_;
};

}  // namespace

void registerSums() {
  defineOp({"CodecLmResidual", {"T: {float, bfloat16}"}, {"x: float", "change: T"}, {"y: float"}});
  addKernels<Residual>("CodecLmResidual");
  defineOp({"CodecLmAddToFirst", {"T: {float}"}, {"sum: T", "more: T"}, {}});
  addTyped<AddToFirst, float>("CodecLmAddToFirst");
  defineOp({"CodecLmFirstRows", {"T: {float}", "rows: int"}, {"x: T"}, {"y: T"}});
  addTyped<FirstRows, float>("CodecLmFirstRows");
}
