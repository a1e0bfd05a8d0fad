#pragma once
#include <cstdint>

/// Memory of a Float32Array.
struct Message {
  float *data;
  int64_t length;
};

/// Names the array that the next CodecLmCopyOut fills or CodecLmCopyIn reads. Ops run in the thread that asks for
/// them, one after the other.
void setMessage(const Message &message);
