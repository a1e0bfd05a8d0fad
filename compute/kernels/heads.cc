// Rows of the residual stream to attention heads and back, with the rotary embedding on the way
// (trainer/ops/heads.ts, trainer/ops/rope.ts). Heads come in blocks of queries, each a tensor of its own:
// [groups, queriesPerKey * rows, size], where a group is a key head of a sequence.
#include <algorithm>
#include "call.h"
#include "threads.h"

namespace {

/// Where heads lie, and how they are turned.
struct Heads {
  int64_t batch, heads, queriesPerKey, time, size, block;
  /// Tables of angles, [time, size]; null for no rotation.
  const float *cos, *sin;
  float scale;
  bool inverse;

  int64_t blocks() const { return (time + block - 1) / block; }

  std::vector<int64_t> shapeOf(int64_t i) const {
    const int64_t rows = std::min(block, time - i * block);
    return {batch * heads / queriesPerKey, queriesPerKey * rows, size};
  }

  /// Index of a head's numbers at a position in the tensor of the position's block.
  int64_t at(int64_t sequence, int64_t head, int64_t position) const {
    const int64_t first = position / block * block, rows = std::min(block, time - first);
    return ((sequence * heads + head) * rows + position - first) * size;
  }

  /// Rotates pair i and i + size/2 of a head, then scales.
  template <class From, class To>
  void turn(const From *__restrict from, To *__restrict to, int64_t position) const {
    if (!cos) {
      for (int64_t i = 0; i < size; i++) store(to[i], scale * load(from[i]));
      return;
    }
    const int64_t half = size / 2;
    const float *__restrict c = cos + position * size, *__restrict s = sin + position * size;
    const float sign = inverse ? -1.0f : 1.0f;
    for (int64_t i = 0; i < half; i++) {
      const float a = load(from[i]), b = load(from[i + half]);
      store(to[i], scale * (a * c[i] - sign * b * s[i]));
      store(to[i + half], scale * (b * c[i + half] + sign * a * s[i + half]));
    }
  }

  /// Takes the tables from inputs `i` and `i + 1`, which are [0, 0] for no rotation.
  bool readTables(Call &call, int i) {
    const auto shape = call.shape(i);
    const bool isEmpty = call.size(i) == 0 && call.size(i + 1) == 0;
    cos = isEmpty ? nullptr : call.input<float>(i);
    sin = isEmpty ? nullptr : call.input<float>(i + 1);
    const bool fits = shape.size() == 2 && shape[0] >= time && shape[1] == size && call.shape(i + 1) == shape;
    return call.expect(isEmpty || (fits && size % 2 == 0), "heads: angles [time, size]");
  }
};

/// The attributes that both directions have.
struct Layout {
  explicit Layout(Attributes &attributes)
      : batch(attributes.whole("batch")), heads(attributes.whole("heads")),
        queriesPerKey(attributes.whole("queries_per_key")), block(attributes.whole("block")),
        blocks(attributes.whole("N")), scale(attributes.real("scale")) {}

  bool fits() const { return batch > 0 && heads > 0 && block > 0 && queriesPerKey > 0 && heads % queriesPerKey == 0; }

  Heads of(int64_t time, int64_t size, bool inverse) const {
    return {batch, heads, queriesPerKey, time, size, block, nullptr, nullptr, scale, inverse};
  }

  int64_t batch, heads, queriesPerKey, block;
  int32_t blocks;
  float scale;
};

/// [batch * time, heads * size] in T -> blocks in fp32
template <class T> class SplitHeads {
 public:
  explicit SplitHeads(Attributes &attributes) : layout_(attributes) {}

  void run(Call &call) const {
    const auto shape = call.shape(0);
    const auto &[batch, count, perKey, block, blocks, scale] = layout_;
    const bool fits = shape.size() == 2 && layout_.fits() && shape[0] % batch == 0 && shape[1] % count == 0;
    if (!call.expect(fits, "SplitHeads: x [batch * time, heads * size]")) return;
    Heads heads = layout_.of(shape[0] / batch, shape[1] / count, false);
    if (!call.expect(blocks == heads.blocks(), "SplitHeads: N blocks") || !heads.readTables(call, 1)) return;
    const T *x = call.input<T>(0);
    std::vector<float *> ys;
    for (int i = 0; i < blocks; i++) ys.push_back(call.output<float>(i, heads.shapeOf(i)));
    if (!call.isFine()) return;
    const int64_t width = shape[1];
    shareRows(shape[0], width * (sizeof(T) + sizeof(float)), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        const int64_t sequence = row / heads.time, position = row % heads.time;
        float *y = ys[position / heads.block];
        for (int64_t head = 0; head < heads.heads; head++) {
          heads.turn(x + row * width + head * heads.size, y + heads.at(sequence, head, position), position);
        }
      }
    });
  }

 private:
  Layout layout_;
};

/// The reverse, with the opposite rotation: blocks in fp32 -> [batch * time, heads * size] in T
template <class T> class MergeHeads {
 public:
  explicit MergeHeads(Attributes &attributes) : layout_(attributes) {}

  void run(Call &call) const {
    const auto &[batch, count, perKey, block, blocks, scale] = layout_;
    bool fits = layout_.fits();
    int64_t time = 0;
    for (int i = 0; fits && i < blocks; i++) {
      const auto shape = call.shape(i);
      fits = shape.size() == 3 && shape[1] % perKey == 0;
      if (fits) time += shape[1] / perKey;
    }
    if (!call.expect(fits && time > 0, "MergeHeads: blocks [groups, queries, size]")) return;
    Heads heads = layout_.of(time, call.shape(0)[2], true);
    std::vector<const float *> xs;
    for (int i = 0; i < blocks; i++) {
      if (!call.expect(blocks == heads.blocks() && call.shape(i) == heads.shapeOf(i), "MergeHeads: N blocks")) return;
      xs.push_back(call.input<float>(i));
    }
    if (!heads.readTables(call, blocks)) return;
    const int64_t rows = batch * time, width = count * heads.size;
    T *y = call.output<T>(0, {rows, width});
    if (!call.isFine()) return;
    shareRows(rows, width * (sizeof(T) + sizeof(float)), [&](int64_t first, int64_t end) {
      for (int64_t row = first; row < end; row++) {
        const int64_t sequence = row / time, position = row % time;
        const float *x = xs[position / heads.block];
        for (int64_t head = 0; head < heads.heads; head++) {
          heads.turn(x + heads.at(sequence, head, position), y + row * width + head * heads.size, position);
        }
      }
    });
  }

 private:
  Layout layout_;
};

}  // namespace

void registerHeads() {
  defineOp({"CodecLmSplitHeads",
            {"T: {float, bfloat16}", "N: int >= 1", "batch: int", "heads: int", "queries_per_key: int",
             "block: int", "scale: float"},
            {"x: T", "cos: float", "sin: float"},
            {"ys: N * float"}});
  addKernels<SplitHeads>("CodecLmSplitHeads");
  defineOp({"CodecLmMergeHeads",
            {"T: {float, bfloat16}", "N: int >= 1", "batch: int", "heads: int", "queries_per_key: int",
             "block: int", "scale: float"},
            {"xs: N * float", "cos: float", "sin: float"},
            {"y: T"}});
  addKernels<MergeHeads>("CodecLmMergeHeads");
}
