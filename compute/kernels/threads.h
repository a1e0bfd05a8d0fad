// Rows of a tensor, shared among as many threads as TensorFlow's own ops take.
#pragma once
#include <cstdint>
#include <functional>

/// Calls `work(first, end)` for ranges that make up 0 to `rows`, each once, several at a time.
/// @param bytes memory that a row reads and writes; little work stays on the thread that calls
void shareRows(int64_t rows, int64_t bytes,
               const std::function<void(int64_t first, int64_t end)> &work);
