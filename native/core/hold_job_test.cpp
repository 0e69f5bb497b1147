#include "hold_job.h"

#include <doctest/doctest.h>

#include "error.h"
#include "fake_kernel.h"

using namespace tilescope;

namespace {

/** Starts holders inside the pretend kernel, and ends them there. */
class PretendProcess final : public HoldProcess {
  public:
    explicit PretendProcess(FakeKernel& kernel) : kernel_(kernel) {}
    int64_t start(const std::string& program, const std::vector<std::string>& arguments, int partition) override {
        if (startError != 0) return -startError;
        started.push_back(program);
        given = arguments;
        held = kernel_.held();
        const int64_t pid = nextPid++;
        if (appears) appear(pid, arguments);
        static_cast<void>(partition);
        return pid;
    }
    int terminate(int process) override {
        terminated++;
        if (terminateError != 0) return -terminateError;
        const int64_t pid = kernel_.processOf(process);
        if (obeys) kernel_.processes.erase(pid);
        return 0;
    }
    bool ended(int process) override { return !kernel_.processes.contains(kernel_.processOf(process)); }
    void appear(int64_t pid, const std::vector<std::string>& arguments, uint64_t ticks = 9000) {
        FakeKernel::Process process{ticks, holdCommand, {{holdDescriptor, "anon_inode:aiepart_6_4"}}, false};
        process.arguments = {holdCommand};
        process.arguments.insert(process.arguments.end(), arguments.begin(), arguments.end());
        kernel_.processes[pid] = process;
    }

    std::vector<std::string> started;
    std::vector<std::string> given;
    size_t held = 0;
    int64_t nextPid = 900;
    int terminated = 0;
    int startError = 0;
    int terminateError = 0;
    bool appears = true;
    bool obeys = true;

  private:
    FakeKernel& kernel_;
};

std::string failure(HoldJob& job, FakeKernel& kernel, Engine& engine) {
    for (int step = 0; step < 100'000; step++) {
        try {
            const Progress made = job.step(engine);
            if (made.isDone()) return "";
            if (made.what() == Progress::What::later) kernel.passUntil(made.at());
        } catch (const CoreError& error) {
            return error.code();
        }
    }
    return "never ended";
}

HoldRequest request(bool on) {
    return {{6, 4}, on, 2, "/somewhere/agent"};
}

} // namespace

TEST_CASE("[attach-8] a holder gets the owner's partition, its columns, times and owner, and nothing is kept here") {
    FakeKernel kernel;
    kernel.pauseTakes = std::chrono::milliseconds(1);
    kernel.own(0, 500, {4321, "app", {}, false});
    Engine engine(kernel, "/dev/aie0");
    PretendProcess processes(kernel);
    HoldJob job(request(true), processes);
    CHECK(failure(job, kernel, engine).empty());
    REQUIRE(processes.started == std::vector<std::string>{"/somewhere/agent"});
    const auto facts = parseHold(processes.given);
    REQUIRE(facts);
    CHECK(facts->partition == PartitionKey{"6_4"});
    CHECK(facts->until - facts->since == int64_t{2} * 3600 * 1000);
    CHECK(facts->ownerPid == 500);
    CHECK(facts->ownerTicks == 4321);
    CHECK(processes.held >= 1);
    CHECK(kernel.held() == 0);

    HoldJob again(request(true), processes);
    CHECK(failure(again, kernel, engine).empty());
    CHECK(processes.started.size() == 1);
}

TEST_CASE("[attach-8] of two holders that were started at once the older one stays") {
    FakeKernel kernel;
    kernel.pauseTakes = std::chrono::milliseconds(1);
    kernel.own(0, 500, {4321, "app", {}, false});
    Engine engine(kernel, "/dev/aie0");
    PretendProcess processes(kernel);
    processes.appears = false;
    HoldJob job(request(true), processes);
    for (int step = 0; processes.started.empty() && step < 1000; step++) {
        REQUIRE_FALSE(job.step(engine).isDone());
    }
    processes.appear(900, processes.given, 9001);
    processes.appear(950, processes.given, 9000);
    CHECK(failure(job, kernel, engine).empty());
    CHECK(kernel.processes.contains(950));
    CHECK_FALSE(kernel.processes.contains(900));
}

TEST_CASE("[attach-8] a hold that cannot be started or seen fails in words, and not before 5 s of waiting") {
    FakeKernel kernel;
    kernel.pauseTakes = std::chrono::milliseconds(1);
    Engine engine(kernel, "/dev/aie0");
    PretendProcess processes(kernel);
    HoldJob free(request(true), processes);
    CHECK(failure(free, kernel, engine) == "hold-failed");
    kernel.own(0, 500, {4321, "app", {}, false});
    HoldRequest long_ = request(true);
    long_.hours = 9;
    HoldJob late(long_, processes);
    CHECK(failure(late, kernel, engine) == "out-of-range");
    HoldRequest nothing = request(true);
    nothing.program.clear();
    HoldJob without(nothing, processes);
    CHECK(failure(without, kernel, engine) == "hold-failed");
    CHECK(processes.started.empty());
    processes.startError = ENOENT;
    HoldJob missing(request(true), processes);
    CHECK(failure(missing, kernel, engine) == "hold-failed");
    processes.startError = 0;
    processes.appears = false;
    HoldJob unseen(request(true), processes);
    const auto before = kernel.clock();
    CHECK(failure(unseen, kernel, engine) == "hold-failed");
    CHECK(kernel.clock() - before >= std::chrono::seconds(5));
    CHECK(kernel.held() == 0);
}

TEST_CASE("[attach-8] releasing ends every holder of the partition, no other process, and waits until they are gone") {
    FakeKernel kernel;
    kernel.pauseTakes = std::chrono::milliseconds(1);
    kernel.own(0, 500, {4321, "app", {}, false});
    Engine engine(kernel, "/dev/aie0");
    PretendProcess processes(kernel);
    const auto words = holdArguments({"6_4", 1, 2, 500, 4321});
    processes.appear(901, words);
    processes.appear(902, words);
    processes.appear(903, holdArguments({"20_2", 1, 2, 500, 4321})); // says that it holds another one
    kernel.processes[904] = {1, holdCommand, {}, false};             // has the name, holds nothing
    {
        HoldJob job(request(false), processes);
        CHECK(failure(job, kernel, engine).empty());
    }
    CHECK(processes.terminated == 2);
    CHECK(kernel.processes.contains(500));
    CHECK(kernel.processes.contains(903));
    CHECK(kernel.processes.contains(904));
    HoldJob again(request(false), processes);
    CHECK(failure(again, kernel, engine).empty());
    CHECK(processes.terminated == 2);

    processes.appear(901, words);
    processes.obeys = false;
    {
        HoldJob stuck(request(false), processes);
        CHECK(failure(stuck, kernel, engine) == "hold-failed");
    }
    processes.terminateError = EPERM;
    HoldJob denied(request(false), processes);
    CHECK(failure(denied, kernel, engine) == "permission");
    CHECK(kernel.held() == 0);
}

TEST_CASE("[attach-8] a hold that ends before its holder was seen ends that holder; one that was seen stays") {
    FakeKernel kernel;
    kernel.own(0, 500, {4321, "app", {}, false});
    Engine engine(kernel, "/dev/aie0");
    PretendProcess processes(kernel);
    {
        HoldJob job(request(true), processes);
        REQUIRE(job.step(engine).what() == Progress::What::more);
        REQUIRE(kernel.processes.contains(900));
    }
    CHECK_FALSE(kernel.processes.contains(900));
    CHECK(processes.terminated == 1);
    CHECK(kernel.held() == 0);
    {
        HoldJob job(request(true), processes);
        CHECK(failure(job, kernel, engine).empty());
    }
    CHECK(kernel.processes.contains(901));
    CHECK(processes.terminated == 1);
}
