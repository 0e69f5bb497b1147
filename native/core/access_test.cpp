#include "access.h"

#include <doctest/doctest.h>

#include "in_steps.h"
#include "partition_key.h"

using namespace tilescope;

namespace {

OrLater<Opened> openWay(Board& board, Visit& visit, Purpose purpose = Purpose::read) {
    return board.engine.access().openWay({6, 4}, purpose, visit);
}

} // namespace

TEST_CASE("[shape-4] a way to bytes is a lease or somebody's descriptor, and ends with what was opened") {
    Board board;
    board.partitions();
    Visit visit{Asking::person};
    {
        const auto opened = openWay(board, visit);
        REQUIRE(opened);
        CHECK(opened->lease != nullptr);
        CHECK(opened->stepTime(Asking::person) == leaseTime);
        CHECK(opened->stepTime(Asking::fast) == sliceTime);
        CHECK(board.kernel.held() > 0);
    }
    CHECK(visit.begun);
    CHECK(board.kernel.held() == 0);
    board.kernel.own(0, 500, {});
    board.partitions();
    {
        const auto opened = openWay(board, visit);
        REQUIRE(opened);
        CHECK(opened->lease == nullptr);
        CHECK(opened->stepTime(Asking::fast) == borrowTime);
    }
    CHECK(board.kernel.held() == 0);
    CHECK(board.kernel.requests.size() == 1);
    CHECK(codeOf([&] { std::ignore = openWay(board, visit, Purpose::write); }) == "locked");
}

TEST_CASE("[shape-4] where all tiles stay gated a look opens nothing, and says so by that") {
    Board board;
    for (uint32_t col = 6; col < 10; col++) board.kernel.gate({col, 1}, 9);
    Visit visit{Asking::look};
    CHECK(answerOf(board.kernel, [&] { return openWay(board, visit); }).access != nullptr); // nobody knew before
    Visit again{Asking::look};
    const auto gated = answerOf(board.kernel, [&] { return openWay(board, again); });
    CHECK(gated.access == nullptr);
    CHECK(gated.state.entry.columns == ColumnRange{6, 4});
    CHECK(board.kernel.requests.size() == 1);
}

TEST_CASE("[shape-4] what memory there is does not hang on the clocks: opening what stays gated is answered") {
    Board board;
    board.kernel.sysfs = {"aiepart_6_4"}; // a driver that nobody knows is asked, with consent
    board.kernel.folders["/sys/firmware/devicetree/base"] = {"ai-engine@0"};
    board.kernel.texts["/sys/firmware/devicetree/base/ai-engine@0/compatible"] = "xlnx,ai-engine-v1.0";
    board.kernel.positionedWorks = true;
    for (uint32_t col = 6; col < 10; col++) board.kernel.gate({col, 1}, 9);
    Visit looking{Asking::look};
    answerOf(board.kernel, [&] { return openWay(board, looking); });
    Visit opening{Asking::look};
    CHECK(answerOf(board.kernel, [&] { return board.engine.open(partitionKey({6, 4}), true, opening); }).size() == 2);
}

TEST_CASE("[shape-4] who waits for a free partition is told when to come back, 50 ms at most, and nothing sleeps") {
    Board board;
    board.partitions();
    board.kernel.opened = board.kernel.clock();
    const auto begin = board.kernel.clock();
    Visit visit{Asking::person};
    board.kernel.pause(std::chrono::milliseconds(1));
    answerOf(board.kernel, [&] { return board.engine.partitions(); });
    const auto now = board.kernel.clock();
    const auto later = openWay(board, visit);
    REQUIRE_FALSE(later);
    CHECK(later.later().at == now + std::chrono::milliseconds(50));
    CHECK(board.kernel.clock() == now);
    CHECK(answerOf(board.kernel, [&] { return openWay(board, visit); }).lease != nullptr);
    CHECK(board.kernel.clock() - begin >= std::chrono::seconds(2));
}
