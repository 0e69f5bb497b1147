#include "session.h"

#include <condition_variable>
#include <doctest/doctest.h>

#include "../core/linux_kernel.h"

using namespace tilescope;

namespace {

/** A session on a node that does not exist, and what it sent. */
class Line {
    // First, so that they outlive the session, whose thread uses them.
    std::mutex mutex_;
    std::condition_variable came_;
    FrameDecoder decoder_;
    std::vector<Header> sent_;

  public:
    FrameWriter writer{[this](std::span<const FrameWriter::Part> parts) {
        const std::lock_guard lock(mutex_);
        for (const auto& part : parts) decoder_.push(part);
        while (auto frame = decoder_.next()) sent_.push_back(std::move(frame->header));
        came_.notify_all();
    }};
    LinuxKernel kernel;
    LinuxHoldProcess holdProcess;
    Session session{writer, {kernel, holdProcess, ""}};

    /** Through bytes, as a client's frame comes. */
    void send(const Header& header, const std::vector<uint8_t>& payload = {}) {
        FrameDecoder decoder;
        decoder.push(encodeFrameHead(header, payload.size()));
        decoder.push(payload);
        session.receive(*decoder.next());
    }
    void hello() {
        send({{"op", "hello"},
              {"id", 1},
              {"protocol", protocolVersion},
              {"device", "/nonexistent/aie0"},
              {"heartbeatMs", 40}});
        CHECK(answer(1)["t"] == "ok");
    }
    /** The final frame of a request, waited for. */
    Header answer(uint64_t id) {
        std::unique_lock lock(mutex_);
        for (;;) {
            for (const Header& header : sent_) {
                if (header["id"] == id && (header["t"] == "ok" || header["t"] == "error")) return header;
            }
            REQUIRE(came_.wait_for(lock, std::chrono::seconds(20)) == std::cv_status::no_timeout);
        }
    }
    size_t finals(uint64_t id) {
        const std::lock_guard lock(mutex_);
        size_t count = 0;
        for (const Header& header : sent_) count += header["id"] == id ? 1 : 0;
        return count;
    }
};

Header writeHeader(uint64_t id, bool more) {
    return {{"op", "write"}, {"id", id},       {"partition", "6_4"}, {"memory", "data"},
            {"epoch", "e"},  {"force", false}, {"openTiles", {}},    {"more", more}};
}

} // namespace

TEST_CASE("hello answers with who and where the core is; another protocol is refused in words") {
    Line line;
    line.send({{"op", "hello"}, {"id", 1}, {"protocol", 1}});
    CHECK(line.answer(1)["code"] == "agent-version");
    line.send(
        {{"op", "hello"}, {"id", 2}, {"protocol", protocolVersion}, {"device", "/nonexistent/aie0"}, {"later", "key"}});
    const Header hello = line.answer(2);
    for (const char* key :
         {"protocol", "core", "pid", "hostName", "kernel", "machine", "pageSize", "bootId", "uid", "now"}) {
        CAPTURE(key);
        CHECK(hello.contains(key));
    }
}

TEST_CASE("a failure of the node is an error frame with code, call, errno and facts") {
    Line line;
    line.hello();
    line.send({{"op", "describe"}, {"id", 2}});
    const Header error = line.answer(2);
    CHECK(error["code"] == "no-device");
    CHECK(error["errno"] == ENOENT);
    CHECK(error["facts"]["path"] == "/nonexistent/aie0");
    CHECK(error["detail"].get<std::string>().find("ENOENT") != std::string::npos);
}

TEST_CASE("requests with missing or wrong keys fail alone; the connection goes on") {
    Line line;
    line.hello();
    uint64_t id = 2;
    for (const Header& bad :
         std::vector<Header>{{{"op", "read"}},
                             {{"op", "read"}, {"partition", 6}, {"memory", "data"}, {"ranges", {{0, 4}}}},
                             {{"op", "read"}, {"partition", "1_1"}, {"memory", 5}, {"ranges", {{0, 4}}}},
                             {{"op", "read"}, {"partition", "1_1"}, {"memory", "data"}, {"ranges", {{0, 4, 5}}}},
                             {{"op", "read"}, {"partition", "1_1"}, {"memory", "data"}, {"ranges", "all"}},
                             {{"op", "pick"}, {"startCol", 1.5}, {"numCols", 1}},
                             {{"op", "watch"}, {"partition", "6_4"}, {"memory", "data"}, {"ranges", {{0, 4}}}},
                             {{"op", "watch"}, {"partition", "6_4"}, {"memory", "data"}, {"survey", "all"}},
                             {{"op", "status"}, {"partition", "6_4"}},
                             {{"op", "status"}, {"partition", "6_4"}, {"tiles", {{6}}}},
                             {{"op", "status"}, {"partition", "6_4"}, {"tiles", {{6, -1}}}},
                             {{"op", "status"}, {"partition", "6_4"}, {"tiles", {{6, 1}}}, {"detail", 1}},
                             {{"op", "hold"}, {"on", true}},
                             {{"op", "hold"}, {"partition", "6_4"}, {"on", true}, {"hours", 9}},
                             {{"op", "hold"}, {"partition", "6_4"}, {"on", true}, {"hours", 0}},
                             {{"op", "hold"}, {"partition", "6_4"}, {"on", "yes"}},
                             {{"op", "clocks"}, {"partition", "6_4"}, {"on", 1}},
                             {{"op", "kernel-descriptor"}, {"startCol", 6}, {"numCols", 4}},
                             {{"op", "cancel"}},
                             {{"op", "hello"}, {"protocol", protocolVersion}},
                             {{"op", "reset"}}}) {
        Header header = bad;
        header["id"] = id;
        CAPTURE(header.dump());
        line.send(header);
        CHECK(line.answer(id)["code"] == "protocol");
        id++;
    }
    line.send({{"op", "ping"}, {"id", id}});
    CHECK(line.answer(id)["t"] == "ok");
}

TEST_CASE("[live-1] what is said of a watch that is over means nothing; one that cannot be is refused") {
    Line line;
    line.hello();
    const Header asked{{"op", "watch"},      {"id", 2},         {"partition", "6_4"},    {"memory", "data"},
                       {"ranges", {{0, 4}}}, {"periodMs", 100}, {"wordsPerSecond", 1000}};
    line.send({{"op", "seen"}, {"id", 2}});
    line.send(asked);
    CHECK(line.answer(2)["code"] == "no-device");
    Header change = asked;
    change["op"] = "change";
    change["ranges"] = {{8, 4}};
    line.send(change);
    line.send({{"op", "seen"}, {"id", 2}});
    Header odd = asked;
    odd["id"] = 3;
    odd["periodMs"] = 1;
    line.send(odd);
    CHECK(line.answer(3)["code"] == "out-of-range");
    CHECK(line.finals(2) == 1);
}

TEST_CASE("[live-3] a survey that cannot be is refused") {
    Line line;
    line.hello();
    Header asked{
        {"op", "watch"}, {"partition", "6_4"}, {"memory", "data"}, {"periodMs", 1000}, {"wordsPerSecond", 1000}};
    uint64_t id = 2;
    for (const uint32_t words : {0U, 1025U, 0xFFFFFFFFU}) {
        asked["id"] = id;
        asked["survey"] = words;
        line.send(asked);
        CHECK(line.answer(id)["code"] == "out-of-range");
        id++;
    }
    asked["id"] = id;
    asked["survey"] = 64;
    line.send(asked);
    CHECK(line.answer(id)["code"] == "no-device");
}

TEST_CASE("columns that no array has are refused before anything is done with them") {
    Line line;
    line.hello();
    uint64_t id = 2;
    for (const auto& [startCol, numCols] :
         std::vector<std::pair<uint32_t, uint32_t>>{{0, 0}, {0, 129}, {128, 1}, {0xFFFFFFFF, 1}, {1, 0xFFFFFFFF}}) {
        line.send({{"op", "pick"}, {"id", id}, {"startCol", startCol}, {"numCols", numCols}});
        CHECK(line.answer(id)["code"] == "out-of-range");
        id++;
    }
}

TEST_CASE("[shape-4] a request names its partition by a key; what is no key is refused before anything is done") {
    Line line;
    line.hello();
    line.send({{"op", "pick"}, {"id", 2}, {"startCol", 6}, {"numCols", 4}});
    CHECK(line.answer(2)["partition"] == "6_4");
    uint64_t id = 3;
    for (const std::string& key :
         std::vector<std::string>{"", "0_0", "0_129", "128_1", "6", "../6_4", std::string(60000, '6')}) {
        for (const char* op : {"open", "read", "write", "status", "clocks", "hold", "kernel-descriptor"}) {
            CAPTURE(op);
            CAPTURE(key.substr(0, 10));
            line.send({{"op", op},
                       {"id", id},
                       {"partition", key},
                       {"memory", "data"},
                       {"epoch", "e"},
                       {"ranges", {{0, 4}}},
                       {"tiles", {{0, 0}}},
                       {"on", true}});
            CHECK(line.answer(id)["code"] == "no-partition");
            id++;
        }
    }
    // The columns of a partition are no name of it.
    line.send({{"op", "open"}, {"id", id}, {"startCol", 6}, {"numCols", 4}});
    CHECK(line.answer(id)["code"] == "protocol");
}

TEST_CASE("what breaks the protocol itself ends the connection") {
    Line line;
    CHECK_THROWS_AS(line.send({{"op", "ping"}, {"id", 1}}), FrameError);
    line.hello();
    CHECK_THROWS_AS(line.send({{"op", "ping"}}), FrameError);
    CHECK_THROWS_AS(line.send({{"id", 5}}), FrameError);
    CHECK_THROWS_AS(line.send({{"op", "ping"}, {"id", 0}}), FrameError);
    CHECK_THROWS_AS(line.send({{"op", 5}, {"id", 3}}), FrameError);
}

TEST_CASE("a write refused at its first frame swallows the others: nothing of it is ever written") {
    Line line;
    line.hello();
    line.send(writeHeader(2, true), std::vector<uint8_t>(15));
    CHECK(line.answer(2)["code"] == "protocol");
    line.send(writeHeader(2, true), std::vector<uint8_t>(16));
    line.send(writeHeader(2, false), std::vector<uint8_t>(16));
    line.send(writeHeader(3, true), std::vector<uint8_t>(16));
    line.send({{"op", "cancel"}, {"id", 4}, {"target", 3}});
    CHECK(line.answer(3)["code"] == "cancelled");
    line.send(writeHeader(3, false), std::vector<uint8_t>(16));
    line.send({{"op", "ping"}, {"id", 5}});
    line.answer(5);
    CHECK(line.finals(2) == 1);
    CHECK(line.finals(3) == 1);
}

TEST_CASE("[truth-13] an error whose text outgrows a frame header is cut and sent; the agent goes on") {
    Line line;
    const std::string device = "/nonexistent/" + std::string(60000, 'd') + "\u00e4\u00e4";
    line.send({{"op", "hello"}, {"id", 1}, {"protocol", protocolVersion}, {"device", device}, {"trace", true}});
    CHECK(line.answer(1)["t"] == "ok");
    line.send({{"op", "describe"}, {"id", 2}});
    const Header error = line.answer(2);
    CHECK(error["code"] == "driver");
    CHECK(error["detail"].get<std::string>().size() < 5000);
    CHECK(error["facts"]["path"].get<std::string>().starts_with("/nonexistent/ddd"));
    line.send({{"op", "ping"}, {"id", 3}});
    CHECK(line.answer(3)["t"] == "ok");

    // Cut between two characters, so that it is still text.
    const Header cut = errorFrame(1, CoreError("internal", std::string(4095, 'd') + "\u00e4"));
    CHECK(cut["detail"] == std::string(4095, 'd') + "...");
    std::vector<Fact> facts;
    for (int i = 0; i < 100; i++) facts.emplace_back("fact" + std::to_string(i), std::string(50000, 'f'));
    CHECK(encodeFrameHead(errorFrame(1, CoreError("internal", std::string(70000, 'd'), 5, facts)), 0).size() > 8);
}

TEST_CASE("[truth-13] unfinished writes count among the open requests; those that were dropped do not") {
    Line line;
    line.hello();
    uint64_t id = 2;
    // Each is cancelled, as a client does that stops in the middle: it never sends the rest.
    for (int i = 0; i < 400; i++) {
        line.send(writeHeader(id, true), std::vector<uint8_t>(16));
        line.send({{"op", "cancel"}, {"id", id + 1}, {"target", id}});
        CHECK(line.answer(id)["code"] == "cancelled");
        line.answer(id + 1);
        id += 2;
    }
    // A late frame of one is no new write.
    line.send(writeHeader(id - 2, false), std::vector<uint8_t>(16));
    line.send({{"op", "ping"}, {"id", id}});
    line.answer(id);
    CHECK(line.finals(id - 2) == 1);
    id++;
    for (int i = 0; i < 256; i++) line.send(writeHeader(id++, true), std::vector<uint8_t>(16));
    line.send(writeHeader(id - 1, true), std::vector<uint8_t>(16)); // goes on with one that is counted
    CHECK_THROWS_AS(line.send(writeHeader(id, true), std::vector<uint8_t>(16)), FrameError);
}

TEST_CASE("[truth-13] trace lines that outgrow a frame come in several") {
    FrameDecoder decoder;
    std::vector<std::string> came;
    size_t frames = 0;
    FrameWriter writer([&](std::span<const FrameWriter::Part> parts) {
        for (const auto& part : parts) decoder.push(part);
        while (const auto frame = decoder.next()) {
            frames++;
            for (const Header& line : frame->header["lines"]) came.push_back(line.get<std::string>());
        }
    });
    std::vector<std::string> lines;
    for (int i = 0; i < 501; i++) lines.push_back(std::to_string(i) + std::string(400, 'l'));
    writer.sendTrace(lines);
    CHECK(frames > 1);
    CHECK(came == lines);
    lines = {std::string(200000, 'l')};
    came.clear();
    writer.sendTrace(lines);
    REQUIRE(came.size() == 1);
    CHECK(came[0].size() < 5000);
}

TEST_CASE("[main-11] while the client is silent requests are dropped, and a write under way with them") {
    Line line;
    line.hello();
    line.send(writeHeader(2, true), std::vector<uint8_t>(16));
    line.session.setSilent(true);
    CHECK(line.answer(2)["code"] == "timeout");
    line.session.setSilent(false);
    line.send(writeHeader(2, false), std::vector<uint8_t>(16));
    line.send({{"op", "ping"}, {"id", 3}});
    CHECK(line.answer(3)["t"] == "ok");
    CHECK(line.finals(2) == 1);
}

TEST_CASE("bye is answered before the session ends") {
    Line line;
    line.hello();
    line.send({{"op", "bye"}, {"id", 2}});
    CHECK(line.answer(2)["t"] == "ok");
}
