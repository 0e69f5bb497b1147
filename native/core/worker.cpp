#include "worker.h"

#include <algorithm>
#include <utility>

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

/** Lines kept of one step; of the rest, their number. */
constexpr size_t mostTraceLines = 500;

} // namespace

Worker::Worker(Kernel& kernel, std::string device, Hooks hooks)
    : kernel_(kernel), engine_(kernel_, std::move(device)), hooks_(std::move(hooks)), turns_(Clock::now()) {
    thread_ = std::thread([this] { run(); });
}

Worker::~Worker() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    engine_.halts().endAll(std::chrono::seconds(1));
    const CoreError cancelled("cancelled", "the connection ended");
    for (auto* queue : {&urgent_, &bulk_}) {
        for (Queued& queued : *queue) queued.task->fail(cancelled);
    }
}

void Worker::post(std::unique_ptr<Task> task, bool urgent) {
    {
        const std::lock_guard lock(mutex_);
        (urgent ? urgent_ : bulk_).push_back({std::move(task), urgent});
        if (urgent) engine_.hurry(true);
    }
    wake_.notify_all();
}

void Worker::wake() {
    {
        const std::lock_guard lock(mutex_); // not between the question whether a task waits and the wait itself
    }
    wake_.notify_all();
}

void Worker::cancel(uint64_t id) {
    {
        const std::lock_guard lock(mutex_);
        if (running_ == id) {
            runningCancelled_ = true;
            engine_.hurry(true);
        }
        for (auto* queue : {&urgent_, &bulk_}) {
            for (Queued& queued : *queue) {
                if (queued.task->id() == id) queued.cancelled = true;
            }
        }
    }
    wake_.notify_all();
}

void Worker::wake(uint64_t id) {
    {
        const std::lock_guard lock(mutex_);
        if (running_ == id) runningWoken_ = true;
        for (auto* queue : {&urgent_, &bulk_}) {
            for (Queued& queued : *queue) {
                if (queued.task->id() == id) queued.notBefore = Time::min();
            }
        }
    }
    wake_.notify_all();
}

bool Worker::has(uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (running_ == id) return true;
    const auto same = [&](const Queued& queued) { return queued.task->id() == id; };
    return std::any_of(urgent_.begin(), urgent_.end(), same) || std::any_of(bulk_.begin(), bulk_.end(), same);
}

size_t Worker::size() {
    const std::lock_guard lock(mutex_);
    return urgent_.size() + bulk_.size() + (running_ != 0 ? 1 : 0);
}

void Worker::setSilent(bool silent) {
    {
        const std::lock_guard lock(mutex_);
        silent_ = silent;
    }
    wake_.notify_all();
}

void Worker::setTracing(bool on) {
    const std::lock_guard lock(mutex_);
    tracing_ = on;
    if (!on) traceAnew_ = true;
}

void Worker::watchPartitions() {
    {
        const std::lock_guard lock(mutex_);
        watching_ = true;
        turns_.watched(Clock::now());
    }
    wake_.notify_all();
}

void Worker::flushTrace() {
    if (traceLines_.empty()) return;
    if (unkeptLines_ != 0) traceLines_.push_back("further calls of this step: " + std::to_string(unkeptLines_));
    unkeptLines_ = 0;
    if (traceLines_ == saidLines_) {
        // A memory that is refreshed makes the same calls ten times a second.
        repeats_++;
        traceLines_.clear();
        return;
    }
    saidLines_ = traceLines_;
    if (repeats_ != 0) {
        traceLines_.insert(traceLines_.begin(), "the same calls, " + std::to_string(repeats_) + " times more");
        repeats_ = 0;
    }
    tell("trace lines", [this] { hooks_.trace(traceLines_); });
    traceLines_.clear();
}

void Worker::tell(const char* what, const std::function<void()>& hook) noexcept {
    try {
        try {
            hook();
        } catch (const std::exception& failure) {
            hooks_.trouble(std::string(what) + " could not be handed on: " + failure.what());
        }
    } catch (...) {
        // There is no way left to tell of it; the device and the requests go on.
    }
}

std::optional<Turns::Time> Worker::check() {
    std::optional<std::vector<PartitionState>> changed;
    std::vector<ColumnRange> free;
    std::string trouble;
    std::optional<Time> next;
    {
        const std::lock_guard device(device_);
        kernel_.setQuiet(true);
        try {
            auto found = engine_.poll();
            engine_.halts().tend();
            if (found) {
                changed = std::move(*found);
            } else {
                next = found.later().at;
            }
            free = engine_.freeColumns();
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        kernel_.setQuiet(false);
    }
    if (changed) tell("the partition list", [&] { hooks_.partitions(*changed, free); });
    if (next) return next;
    if (trouble != checkTrouble_ && !trouble.empty()) {
        tell("trouble", [&] { hooks_.trouble("the partition list cannot be read: " + trouble); });
    }
    checkTrouble_ = trouble;
    return std::nullopt;
}

void Worker::trace(bool on) {
    kernel_.setTrace(on ? Trace([this](const std::string& line) {
        // A wait asks the same many times.
        if (!traceLines_.empty() && traceLines_.back() == line) return;
        if (traceLines_.size() < mostTraceLines) {
            traceLines_.push_back(line);
        } else {
            unkeptLines_++;
        }
    })
                        : Trace());
}

bool Worker::takeDevice(std::chrono::milliseconds atMost) {
    const auto until = Clock::now() + atMost;
    while (!device_.try_lock()) {
        if (Clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

bool Worker::freeze(std::chrono::milliseconds atMost) {
    if (!takeDevice(atMost)) return false;
    engine_.halts().endAll(std::chrono::seconds(1));
    return true;
}

void Worker::endHalts(std::chrono::milliseconds atMost) {
    if (!engine_.halts().any()) return; // no step is waited for
    if (!takeDevice(atMost)) return;
    const std::lock_guard device(device_, std::adopt_lock);
    engine_.halts().endAll(atMost);
}

bool Worker::runStep(Queued& queued, bool traces) {
    Task& task = *queued.task;
    std::vector<RefusedStart> refused;
    try {
        Progress made = Progress::more();
        {
            const std::lock_guard device(device_);
            trace(traces);
            const std::unique_ptr<Worker, void (*)(Worker*)> end(this, [](Worker* worker) { worker->trace(false); });
            made = task.step(engine_);
            if (made.what() != Progress::What::later) refused = engine_.takeRefusedStarts();
        }
        if (made.what() == Progress::What::later) {
            queued.notBefore = made.at();
            flushTrace();
            return false;
        }
        queued.notBefore = Time::min();
        const bool finished = made.isDone();
        letGo_ = Clock::now();
        flushTrace();
        if (!refused.empty()) {
            tell("a refused start", [&] { hooks_.refused(refused); });
        }
        if (finished) forget();
        task.deliver(finished);
        if (!finished) return true;
    } catch (const CoreError& error) {
        end(queued, error);
    } catch (const std::exception& error) {
        end(queued, CoreError("internal", error.what()));
    }
    queued.task.reset();
    return true;
}

void Worker::forget() {
    const std::lock_guard lock(mutex_);
    running_ = 0;
}

void Worker::end(Queued& queued, const CoreError& error) {
    flushTrace();
    forget();
    queued.task->fail(error);
    queued.task.reset();
}

void Worker::askWhoWaits() {
    for (Queued& one : bulk_) one.waits = one.task->waits();
}

Turns::Time Worker::readyAt(const Queued& queued) const {
    if (queued.cancelled || (silent_ && !queued.task->outlastsSilence())) return Time::min();
    return queued.waits ? Time::max() : queued.notBefore;
}

std::optional<Turns::Time> Worker::firstOf(const Queue& queue) const {
    std::optional<Time> first;
    for (const Queued& one : queue) {
        const Time ready = readyAt(one);
        if (ready != Time::max()) first = std::min(first.value_or(Time::max()), ready);
    }
    return first;
}

Worker::Queued Worker::take(Queue& queue, Time now) const {
    const auto first = std::find_if(queue.begin(), queue.end(), [&](const Queued& one) { return readyAt(one) <= now; });
    Queued queued = std::move(*first);
    queue.erase(first);
    return queued;
}

void Worker::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        askWhoWaits();
        const Time now = Clock::now();
        const Turn turn = turns_.next(now, {firstOf(urgent_), firstOf(bulk_), watching_ && !silent_});
        if (turn.what == Turn::What::wait) {
            if (turn.until) {
                wake_.wait_until(lock, *turn.until);
            } else {
                wake_.wait(lock);
            }
            continue;
        }
        if (turn.what == Turn::What::check) {
            engine_.hurry(firstOf(urgent_).value_or(Time::max()) <= now);
            lock.unlock();
            const auto next = check();
            lock.lock();
            turns_.checked(Clock::now(), next);
            continue;
        }
        Queued queued = take(turn.what == Turn::What::urgent ? urgent_ : bulk_, now);
        running_ = queued.task->id();
        runningCancelled_ = false;
        runningWoken_ = false;
        engine_.hurry(firstOf(urgent_).value_or(Time::max()) <= now);
        const bool cancelled = queued.cancelled;
        const bool silent = silent_ && !queued.task->outlastsSilence();
        if (std::exchange(traceAnew_, false)) {
            saidLines_.clear();
            repeats_ = 0;
        }
        const bool traces = tracing_;
        lock.unlock();
        bool further = true;
        if (cancelled) {
            end(queued, CoreError("cancelled", "cancelled"));
        } else if (silent) {
            end(queued, CoreError("timeout", "nothing was heard from the client"));
        } else {
            further = runStep(queued, traces);
        }
        lock.lock();
        running_ = 0;
        turns_.stepped(letGo_, queued.urgent, !further);
        if (queued.task) {
            queued.cancelled = queued.cancelled || runningCancelled_;
            if (runningWoken_) queued.notBefore = Time::min();
            // In turn among equals; a cancelled one goes first, to end at once.
            auto& back = queued.urgent ? urgent_ : bulk_;
            if (queued.cancelled) {
                back.push_front(std::move(queued));
            } else {
                back.push_back(std::move(queued));
            }
        }
    }
}

} // namespace tilescope
