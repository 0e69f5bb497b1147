#include "worker.h"

#include <atomic>
#include <doctest/doctest.h>
#include <future>

#include "linux_kernel.h"

using namespace tilescope;

namespace {

/** A task of one step that a test waits for. */
class Probe final : public Task {
  public:
    using Act = std::function<Progress(Engine&)>;
    Probe(uint64_t id, Act act, std::promise<void> ended) : Task(id), act_(std::move(act)), ended_(std::move(ended)) {}
    Progress step(Engine& engine) override { return act_(engine); }
    void deliver(bool finished) override {
        if (finished) ended_.set_value();
    }
    void fail(const CoreError& /*error*/) noexcept override { ended_.set_value(); }

  private:
    Act act_;
    std::promise<void> ended_;
};

/** A worker on a node that cannot be there: a look at the list fails, and says so. */
struct Desk {
    using Lines = std::vector<std::string>;
    /** What happened, in order; the worker's own until a task ended. */
    Lines events;
    std::vector<Lines> said;
    uint64_t nextId = 1;
    LinuxKernel kernel;
    Worker worker{kernel, "/dev/null/aie0",
                  Worker::Hooks{[](const auto&, const auto&) {}, [this](const Lines& lines) { said.push_back(lines); },
                                [](const auto&) {},
                                [this](const std::string& /*text*/) { events.emplace_back("look"); }}};

    std::future<void> post(Probe::Act act, bool urgent) {
        std::promise<void> ended;
        std::future<void> future = ended.get_future();
        worker.post(std::make_unique<Probe>(nextId++, std::move(act), std::move(ended)), urgent);
        return future;
    }
    /** Runs a task of one step. */
    void run(const std::function<void(Engine&)>& act) {
        wait(post(
            [act](Engine& engine) {
                act(engine);
                return Progress::done();
            },
            true));
    }
    static void wait(const std::future<void>& future) {
        REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    }
};

/** Bulk that takes its one step once it may. */
class Held final : public Task {
  public:
    Held(uint64_t id, const std::atomic<bool>& free, std::promise<std::string> ended)
        : Task(id), free_(free), ended_(std::move(ended)) {}
    bool waits() override { return !free_; }
    Progress step(Engine& /*engine*/) override { return Progress::done(); }
    void deliver(bool /*finished*/) override { ended_.set_value("done"); }
    void fail(const CoreError& error) noexcept override { ended_.set_value(error.code()); }

  private:
    const std::atomic<bool>& free_;
    std::promise<std::string> ended_;
};

} // namespace

TEST_CASE(
    "[shape-6] bulk that waits lets others of its kind pass, goes on when woken, and can be cancelled meanwhile") {
    Desk desk;
    std::atomic<bool> free{false};
    std::promise<std::string> first;
    std::promise<std::string> second;
    auto firstEnd = first.get_future();
    auto secondEnd = second.get_future();
    desk.worker.post(std::make_unique<Held>(101, free, std::move(first)), false);
    desk.worker.post(std::make_unique<Held>(102, free, std::move(second)), false);
    Desk::wait(desk.post([](Engine&) { return Progress::done(); }, false));
    Desk::wait(desk.post([](Engine&) { return Progress::done(); }, true));
    CHECK(desk.worker.has(101));
    desk.worker.cancel(102);
    CHECK(secondEnd.get() == "cancelled");
    CHECK(desk.worker.has(101));
    free = true;
    desk.worker.wake();
    CHECK(firstEnd.get() == "done");
}

TEST_CASE("[main-8] the request that the list is watched from is answered before the first look at it") {
    Desk desk;
    desk.run([&](Engine&) { desk.events.emplace_back("hello"); });
    desk.worker.watchPartitions();
    desk.run([&](Engine&) { desk.events.emplace_back("describe"); });
    CHECK(desk.events == Desk::Lines{"hello", "describe"});
}

TEST_CASE("[main-8] bulk goes on while an urgent task waits for somebody else") {
    bool moved = false;
    Desk desk;
    const auto urgent = desk.post(
        [&](Engine& engine) { return moved ? Progress::done() : Progress(Later{engine.kernel().clock()}); }, true);
    const auto bulk = desk.post(
        [&](Engine&) {
            moved = true;
            return Progress::done();
        },
        false);
    Desk::wait(bulk);
    Desk::wait(urgent);
}

TEST_CASE(
    "[shape-4] a task is stepped again at the moment that it told, not before, and a cancelled one ends at once") {
    constexpr std::chrono::milliseconds wait{50};
    std::vector<std::chrono::steady_clock::time_point> steps;
    Desk desk;
    const auto patient = desk.post(
        [&](Engine& engine) {
            steps.push_back(engine.kernel().clock());
            return steps.size() == 2 ? Progress::done() : Progress(Later{steps.front() + wait});
        },
        true);
    Desk::wait(patient);
    REQUIRE(steps.size() == 2);
    CHECK(steps[1] - steps[0] >= wait);

    const auto endless =
        desk.post([](Engine& engine) { return Later{engine.kernel().clock() + std::chrono::hours(1)}; }, true);
    desk.worker.cancel(desk.nextId - 1);
    Desk::wait(endless);
}

TEST_CASE("[main-17] tracing that is turned on again begins with the calls themselves, not with a count of them") {
    Desk desk;
    const auto look = [](Engine& engine) {
        std::string other;
        engine.kernel().openDevice("/nowhere", other);
    };
    const Desk::Lines lines{"open /nowhere -> ENOENT"};
    desk.worker.setTracing(true);
    desk.run(look);
    desk.run(look);
    CHECK(desk.said == std::vector<Desk::Lines>{lines});
    desk.worker.setTracing(false);
    desk.worker.setTracing(true);
    desk.run(look);
    CHECK(desk.said == std::vector<Desk::Lines>{lines, lines});
}

TEST_CASE("[main-17] a step of very many calls names 500, and how many more there were") {
    Desk desk;
    desk.worker.setTracing(true);
    desk.run([](Engine& engine) {
        std::string other;
        for (int i = 0; i < 502; i++) engine.kernel().openDevice("/nowhere/" + std::to_string(i), other);
    });
    REQUIRE(desk.said.size() == 1);
    REQUIRE(desk.said[0].size() == 501);
    CHECK(desk.said[0][499] == "open /nowhere/499 -> ENOENT");
    CHECK(desk.said[0][500] == "further calls of this step: 2");
}

TEST_CASE("[truth-13] a hook that throws ends nothing, and is said as trouble") {
    std::vector<std::string> trouble;
    std::promise<void> second;
    LinuxKernel kernel;
    Worker worker(kernel, "/dev/null/aie0",
                  Worker::Hooks{[](const auto&, const auto&) {},
                                [](const std::vector<std::string>&) { throw std::runtime_error("too long"); },
                                [](const auto&) {},
                                [&](const std::string& text) {
                                    trouble.push_back(text);
                                    throw std::runtime_error("nobody listens");
                                }});
    worker.setTracing(true);
    std::promise<void> first;
    std::future<void> ended = first.get_future();
    const auto look = [](Engine& engine) {
        std::string other;
        engine.kernel().openDevice("/nowhere", other);
        return Progress::done();
    };
    worker.post(std::make_unique<Probe>(1, look, std::move(first)), true);
    Desk::wait(ended);
    std::future<void> again = second.get_future();
    worker.post(std::make_unique<Probe>(
                    2, [](Engine&) { return Progress::done(); }, std::move(second)),
                true);
    Desk::wait(again);
    CHECK(trouble == std::vector<std::string>{"trace lines could not be handed on: too long"});
}
