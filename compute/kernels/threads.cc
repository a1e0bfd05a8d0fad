#include "threads.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace {

/// Waking a thread takes about as long as a core takes for so many bytes.
constexpr int64_t kFewestBytes = 1 << 18;
/// Shares for each thread: one that wakes up late leaves its shares to the others.
constexpr int64_t kSharesPerThread = 4;

using Work = std::function<void(int64_t, int64_t)>;

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int i = 1; i < threads; i++) std::thread([this] { serve(); }).detach();
  }

  int threads() const { return threads_; }

  /// One caller at a time; another that comes meanwhile works alone.
  void run(int64_t rows, const Work &work) {
    std::unique_lock<std::mutex> mine(caller_, std::try_to_lock);
    if (!mine.owns_lock()) return work(0, rows);
    const int64_t shares = std::min<int64_t>(rows, threads_ * kSharesPerThread);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      rows_ = rows;
      shares_ = shares;
      next_.store(0);
      generation_++;
    }
    wake_.notify_all();
    take(work, rows, shares);
    std::unique_lock<std::mutex> lock(mutex_);
    // From here on nobody begins; those that have begun are waited for.
    work_ = nullptr;
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void take(const Work &work, int64_t rows, int64_t shares) {
    for (int64_t i = next_++; i < shares; i = next_++) {
      work(rows * i / shares, rows * (i + 1) / shares);
    }
  }

  void serve() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return generation_ != seen; });
      seen = generation_;
      if (!work_) continue;
      const Work &work = *work_;
      const int64_t rows = rows_, shares = shares_;
      busy_++;
      lock.unlock();
      take(work, rows, shares);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  const int threads_;
  std::mutex caller_, mutex_;
  std::condition_variable wake_, done_;
  const Work *work_ = nullptr;
  int64_t rows_ = 0, shares_ = 0;
  std::atomic<int64_t> next_{0};
  uint64_t generation_ = 0;
  int busy_ = 0;
};

/// Never deleted: its threads wait in it while the process ends.
Pool &pool() {
  static Pool *made = [] {
    const char *wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int named = wanted ? std::atoi(wanted) : 0;
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    return new Pool(std::clamp(named > 0 ? named : cores, 1, 64));
  }();
  return *made;
}

}  // namespace

void shareRows(int64_t rows, int64_t bytes, const Work &work) {
  if (rows <= 0) return;
  Pool &all = pool();
  if (all.threads() == 1 || rows == 1 || rows * bytes < kFewestBytes) return work(0, rows);
  all.run(rows, work);
}
