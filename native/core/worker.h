/**
 * One thread that owns an engine and runs tasks step by step: urgent ones first, the others in turn, a check of the
 * partition list twice a second (turns.h). Never holds a partition between two steps, and never while a task
 * delivers.
 */
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine.h"
#include "error.h"
#include "kernel.h"
#include "turns.h"

namespace tilescope {

/** A call of the driver that takes longer hangs. */
constexpr std::chrono::milliseconds stuckAfter{2500};

/** One request under way. Every method runs on the worker's thread. */
class Task {
  public:
    explicit Task(uint64_t id) : id_(id) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;
    [[nodiscard]] uint64_t id() const { return id_; }

    /** Touches the device for at most one slice. A step that says `later` delivers nothing. Throws CoreError. */
    virtual Progress step(Engine& engine) = 0;
    /** Whether no step is taken before Worker::wake(). Asked often, with the worker's lock held. */
    [[nodiscard]] virtual bool waits() { return false; }
    /** Whether it goes on while nothing is heard from the client: a person asked for that. */
    [[nodiscard]] virtual bool outlastsSilence() const { return false; }
    /** After each step, with nothing held: hands out what the step produced; may block. */
    virtual void deliver(bool finished) = 0;
    /** Instead of any further call. What cannot be answered has to be said on another way: nothing is thrown. */
    virtual void fail(const CoreError& error) noexcept = 0;

  private:
    uint64_t id_;
};

class Worker {
  public:
    /** A hook that throws ends nothing: `trouble` says it. A failure of `trouble` itself is lost. */
    struct Hooks {
        /** The partition list or the free columns changed. May block. */
        std::function<void(const std::vector<PartitionState>&, const std::vector<ColumnRange>& free)> partitions;
        /** Trace lines of the last step. May block. */
        std::function<void(const std::vector<std::string>&)> trace;
        /** Starts that were refused because of us. May block. */
        std::function<void(const std::vector<RefusedStart>&)> refused;
        /** A check of the partition list failed; said once as long as it fails in the same way. May block. */
        std::function<void(const std::string&)> trouble;
    };

    /** Starts the thread. The kernel outlives the worker, and is its thread's alone. */
    Worker(Kernel& kernel, std::string device, Hooks hooks);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    /** Ends after the current step; every task fails with `cancelled`. */
    ~Worker();

    void post(std::unique_ptr<Task> task, bool urgent);
    /** Tasks that waited may take a step now. */
    void wake();
    /** The task fails with `cancelled` before its next step. Does nothing if there is none of this id. */
    void cancel(uint64_t id);
    /** Something came for this task that it waits for: its next step is taken at once. */
    void wake(uint64_t id);
    /** Whether a task of this id is queued or running. */
    [[nodiscard]] bool has(uint64_t id);
    [[nodiscard]] size_t size();
    /** While silent, every queued task but those that outlast it fails with `timeout`, and nothing else touches the device. */
    void setSilent(bool silent);
    void setTracing(bool on);
    /** The call of the device that the thread has not come back from for `atLeast`; null: none. Any thread. */
    [[nodiscard]] const char* stuckIn(std::chrono::steady_clock::duration atLeast) const {
        return kernel_.stuckIn(atLeast);
    }
    /** Looks at the partition list twice a second from now on. */
    void watchPartitions();
    /** Waits until no step is running and keeps the next one from starting. For the end of the process: halted cores go on. */
    bool freeze(std::chrono::milliseconds atMost);
    /** Lets all halted cores go on, between two steps. Any thread. */
    void endHalts(std::chrono::milliseconds atMost);

  private:
    using Time = Turns::Time;
    struct Queued {
        std::unique_ptr<Task> task;
        bool urgent = false;
        bool cancelled = false;
        /** When its last step said that it may go on; `Time::min()`: at any time. */
        Time notBefore = Time::min();
        /** It goes on when it is woken, and not before. */
        bool waits = false;
    };
    using Queue = std::deque<Queued>;
    void run();
    /** Asks all of the bulk whether it waits to be woken. Under the lock. */
    void askWhoWaits();
    /** When a task may go on: one that ends, at once; one that waits, at Time::max(). Under the lock. */
    [[nodiscard]] Time readyAt(const Queued& queued) const;
    /** When the first of them may go on. Under the lock. */
    [[nodiscard]] std::optional<Time> firstOf(const Queue& queue) const;
    /** Takes the first that may go on now out of the queue. Under the lock. */
    Queued take(Queue& queue, Time now) const;
    /** Waits between two steps; true: the device's lock is taken. */
    bool takeDevice(std::chrono::milliseconds atMost);
    /** False when the step got no further: it has to be taken again. */
    bool runStep(Queued& queued, bool traces);
    /** The step's trace lines are kept. Under the device's lock. */
    void trace(bool on);
    /** The running task is about to give its last answer: its id may be used again. */
    void forget();
    void end(Queued& queued, const CoreError& error);
    /** Checks the partition list. Answers when the next check is due, if that is soon. */
    std::optional<Time> check();
    void flushTrace();
    /** Calls a hook that may fail. */
    void tell(const char* what, const std::function<void()>& hook) noexcept;

    Kernel& kernel_;
    Engine engine_;
    Hooks hooks_;
    std::vector<std::string> traceLines_;         // the worker thread's own
    std::vector<std::string> saidLines_;          // likewise: of the last step that said any
    uint64_t repeats_ = 0;                        // likewise: how many steps made the very same calls since
    uint64_t unkeptLines_ = 0;                    // likewise: lines of this step beyond those that are kept
    std::string checkTrouble_;                    // likewise: what was wrong at the last check
    std::chrono::steady_clock::time_point letGo_; // likewise: when the last step ended

    std::mutex device_; // held during a step
    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_;
    Queue urgent_;
    Queue bulk_;
    uint64_t running_ = 0;
    bool runningCancelled_ = false;
    bool runningWoken_ = false;
    bool stopping_ = false;
    bool silent_ = false;
    bool tracing_ = false;
    bool traceAnew_ = false; // what was said before counts no more
    bool watching_ = false;
    Turns turns_;
    std::thread thread_;
};

} // namespace tilescope
