// Tensors to and from memory of JavaScript: one plain copy each, where the addon of tfjs makes new arrays.
#include "messages.h"
#include "call.h"
#include "threads.h"

namespace {

/// The array of the next copy, which uses it up.
Message next = {nullptr, 0};

Message takeNext() {
  const Message message = next;
  next = {nullptr, 0};
  return message;
}

void copy(float *__restrict to, const float *__restrict from, int64_t length) {
  shareRows(length, 2 * sizeof(float), [&](int64_t first, int64_t end) {
    std::memcpy(to + first, from + first, (end - first) * sizeof(float));
  });
}

/// Copies a tensor into the array, which has as many numbers.
template <class T> class CopyOut {
 public:
  explicit CopyOut(Attributes &) {}

  void run(Call &call) const {
    const Message to = takeNext();
    if (!call.expect(to.length == call.size(0), "CopyOut: an array of as many numbers")) return;
    copy(to.data, call.input<float>(0), to.length);
  }
};

/// A tensor of the numbers of the array, [length].
template <class T> class CopyIn {
 public:
  explicit CopyIn(Attributes &) {}

  void run(Call &call) const {
    const Message from = takeNext();
    if (!call.expect(from.data != nullptr, "CopyIn: an array")) return;
    float *y = call.output<float>(0, {from.length});
    if (call.isFine()) copy(y, from.data, from.length);
  }
};

}  // namespace

void setMessage(const Message &message) { next = message; }

void registerMessages() {
  defineOp({"CodecLmCopyOut", {"T: {float}"}, {"x: T"}, {}});
  addTyped<CopyOut, float>("CodecLmCopyOut");
  defineOp({"CodecLmCopyIn", {"T: {float}"}, {}, {"y: T"}});
  addTyped<CopyIn, float>("CodecLmCopyIn");
}
