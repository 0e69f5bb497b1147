/** For tests: takes the steps of what may have to be asked again, on a pretend clock. */
#pragma once
#include <algorithm>
#include <doctest/doctest.h>

#include "collector.h"
#include "engine.h"
#include "error.h"
#include "fake_kernel.h"
#include "partition_key.h"
#include "read_job.h"
#include "write_job.h"

namespace tilescope {

/** What `act` answers in the end, asked again at each moment that it names. */
template <typename Act> auto answerOf(FakeKernel& kernel, Act act) {
    for (int steps = 0; steps < 100'000; steps++) {
        auto answer = act();
        if (answer) return std::move(*answer);
        kernel.passUntil(answer.later().at);
    }
    throw std::logic_error("it never answered");
}

/** Takes steps until the last one. */
template <typename Step> void finish(FakeKernel& kernel, Step step) {
    for (int steps = 0; steps < 100'000; steps++) {
        const Progress made = step();
        if (made.isDone()) return;
        if (made.what() == Progress::What::later) kernel.passUntil(made.at());
    }
    throw std::logic_error("it never ended");
}

inline Collector readBy(FakeKernel& kernel, Engine& engine, ReadRequest request) {
    Collector collector(request.ranges);
    ReadJob job(std::move(request));
    finish(kernel, [&] {
        collector.given = 0;
        return job.step(engine, collector);
    });
    return collector;
}

inline uint32_t wordBy(FakeKernel& kernel, Engine& engine, ColumnRange columns, MemoryType type, uint64_t offset) {
    const auto bytes = readBy(kernel, engine, {partitionKey(columns), type, {{offset, 4}}, {}}).bytes[0];
    return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8U | uint32_t{bytes[2]} << 16U | uint32_t{bytes[3]} << 24U;
}

/** A pretend kernel, and an engine whose answers are waited for. */
struct Board {
    FakeKernel kernel;
    Engine engine{kernel, "/dev/aie0"};
    Board() = default;
    explicit Board(Generation generation) : kernel(generation) {}

    Description describe() {
        return answerOf(kernel, [&] { return engine.describe(); });
    }
    std::vector<PartitionState> partitions() {
        return answerOf(kernel, [&] { return engine.partitions(); });
    }
    std::optional<std::vector<PartitionState>> poll() {
        return answerOf(kernel, [&] { return engine.poll(); });
    }
    std::vector<MemoryState> open(ColumnRange columns, bool allowUnknown) {
        Visit visit;
        return answerOf(kernel, [&] { return engine.open(partitionKey(columns), allowUnknown, visit); });
    }
    void takeKernelDescriptor(ColumnRange columns) {
        answerOf(kernel, [&] { return engine.takeKernelDescriptor(columns); });
    }
    /** The listed partition of these columns; an empty one where there is none. */
    PartitionState state(ColumnRange columns) {
        for (const PartitionState& one : partitions()) {
            if (one.entry.columns == columns) return one;
        }
        return {};
    }
    [[nodiscard]] bool listed(ColumnRange columns) {
        const auto all = partitions();
        return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.entry.columns == columns; });
    }
    /** Of the static partition at columns 6 to 9. */
    std::string epoch() { return state({6, 4}).epoch; }
    bool clocks(ColumnRange columns, bool on) {
        Visit visit{Asking::person, true};
        return answerOf(kernel, [&] { return engine.setClocks(columns, on, visit); });
    }
    [[nodiscard]] auto count(const std::string& event) const {
        return std::count(kernel.events.begin(), kernel.events.end(), event);
    }
    /** An application takes columns of a dynamic array. */
    size_t take(ColumnRange columns, int64_t pid, FakeKernel::Process process = {}) {
        kernel.partitions.push_back(
            {columns.startCol | columns.numCols << 8U, columns, kernel.shape.numRows(), 0, false, false});
        kernel.own(kernel.partitions.size() - 1, pid, std::move(process));
        return kernel.partitions.size() - 1;
    }
    uint32_t word(ColumnRange columns, MemoryType type, uint64_t offset) {
        return wordBy(kernel, engine, columns, type, offset);
    }
    Collector read(ReadRequest request) { return readBy(kernel, engine, std::move(request)); }
    std::vector<WordOutcome> write(WriteRequest request) {
        std::vector<WordOutcome> outcomes;
        WriteJob job(std::move(request));
        finish(kernel, [&] {
            const Progress made = job.step(engine, outcomes);
            if (made.what() == Progress::What::later) CHECK(outcomes.empty());
            return made;
        });
        return outcomes;
    }
};

} // namespace tilescope
