#include "serve.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../core/fake_kernel.h"
#include "../core/sample_expression.h"
#include "inflate.h"
#include "recording_door.h"

using namespace tilescope;

namespace {

/** No process is ever made in these tests. */
class NoProcess final : public HoldProcess {
  public:
    int64_t start(const std::string& /*program*/, const std::vector<std::string>& /*arguments*/,
                  int /*partition*/) override {
        return -EPERM;
    }
    int terminate(int /*process*/) override { return -EPERM; }
    bool ended(int /*process*/) override { return false; }
};

/** A call of the kernel that does not come back before a test lets it. */
class Gate {
  public:
    /** On the kernel's thread: waits, the first time. */
    void wait() {
        if (std::exchange(waited_, true)) return;
        reached_.set_value();
        opened_.get_future().wait();
    }
    void untilReached() { REQUIRE(future_.wait_for(std::chrono::seconds(60)) == std::future_status::ready); }
    void open() {
        if (!std::exchange(open_, true)) opened_.set_value();
    }

  private:
    bool waited_ = false; // the kernel's thread's own
    bool open_ = false;   // the test's own
    std::promise<void> reached_;
    std::future<void> future_ = reached_.get_future();
    std::promise<void> opened_;
};

/** A client and a whole agent on a pretend kernel, with two pipes between them. What the kernel is to do is set before start(). */
class Connection {
  public:
    Connection() {
        kernel.goes = true;
        REQUIRE(pipe2(requests_.data(), O_CLOEXEC) == 0);
        REQUIRE(pipe2(answers_.data(), O_CLOEXEC) == 0);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        hangUp();
        gate.open();
        if (agent_.joinable()) agent_.join();
        for (const int fd : {requests_[0], answers_[0], answers_[1]}) close(fd);
    }

    FakeKernel kernel;
    Gate gate;

    /** Begins with hello. A busy machine makes the client silent for long: that counts only where a test says when. */
    void start(const Header& keys = Header::object()) {
        agent_ = std::thread([this] {
            reader_ = std::this_thread::get_id();
            ending_ = serve({requests_[0], answers_[1], -1}, {kernel, noProcess_, "holder"}, [](Session*, Ending) {});
        });
        std::array<uint8_t, 8> marker{};
        for (size_t got = 0; got < marker.size();) got += receive(std::span(marker).subspan(got));
        REQUIRE(std::string(marker.begin(), marker.end()) == startMarker);
        Header hello{{"op", "hello"},
                     {"protocol", protocolVersion},
                     {"heartbeatMs", 600'000},
                     {"exitMs", 600'000},
                     {"keepMs", 30'000}};
        hello.update(keys);
        REQUIRE(ask(hello)["t"] == "ok");
    }
    /** Sends a request; its id. */
    uint64_t send(Header header, const std::vector<uint32_t>& words = {}) {
        const uint64_t id = ++lastId_;
        header["id"] = id;
        std::vector<uint8_t> bytes = encodeFrameHead(header, words.size() * 4);
        for (const uint32_t word : words) putWord(bytes, word);
        sendBytes(bytes);
        return id;
    }
    void sendBytes(const std::vector<uint8_t>& bytes) {
        REQUIRE(write(requests_[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    /** Says something of an open request, which is not answered. */
    void say(const char* op, uint64_t id) { sendBytes(encodeFrameHead({{"op", op}, {"id", id}}, 0)); }
    /** The first frame of an id and kind that was not asked for before; waits for it. */
    Frame frame(uint64_t id, const std::string& kind) {
        for (;;) {
            for (auto one = came_.begin(); one != came_.end(); one++) {
                if (one->header["id"] != id || one->header["t"] != kind) continue;
                Frame found = std::move(*one);
                came_.erase(one);
                return found;
            }
            takeIn();
        }
    }
    /** The final frame of a request. */
    Header answer(uint64_t id) {
        for (;;) {
            for (const Frame& one : came_) {
                const std::string kind = one.header["t"];
                if (one.header["id"] == id && (kind == "ok" || kind == "error")) return frame(id, kind).header;
            }
            takeIn();
        }
    }
    Header ask(const Header& header, const std::vector<uint32_t>& words = {}) { return answer(send(header, words)); }
    /** The words of a read's only data frame. */
    std::vector<uint32_t> words(uint64_t id) {
        const Frame data = frame(id, "data");
        std::vector<uint32_t> words;
        for (size_t at = 0; at + 4 <= data.payload.size(); at += 4) words.push_back(readWord(&data.payload[at]));
        return words;
    }
    /** From now on the agent's frames come as over a way of so many bytes a second, and their marks are reported. */
    void slow(double bytesPerSecond) {
        bytesPerSecond_ = bytesPerSecond;
        idleAt_ = std::chrono::steady_clock::now();
    }
    /** Waits until everything that was sent is taken in. */
    void untilTakenIn() {
        untilRead();
        send({{"op", "ping"}}); // what was read before is taken in before this is read
        untilRead();
    }
    /** On a thread of the agent: whether it is the one that reads, not the worker's. */
    [[nodiscard]] bool onReader() const { return std::this_thread::get_id() == reader_; }
    /** Bytes of the agent that were taken in. */
    [[nodiscard]] size_t bytesReceived() const { return received_; }
    void hangUp() {
        if (requests_[1] >= 0) close(std::exchange(requests_[1], -1));
    }
    /** How the agent ended, once it did. Nothing of the kernel is left open then. */
    Ending ending() {
        agent_.join();
        CHECK(kernel.held() == 0);
        return ending_;
    }

  private:
    void untilRead() {
        for (int left = 1; left != 0; std::this_thread::yield()) {
            REQUIRE(ioctl(requests_[0], FIONREAD, &left) == 0);
        }
    }
    void takeIn() {
        std::array<uint8_t, 65536> bytes; // filled before it is read
        decoder_.push(std::span(bytes).first(receive(bytes)));
        while (auto next = decoder_.next()) {
            if (bytesPerSecond_ > 0) arriveSlowly(*next);
            came_.push_back(std::move(*next));
        }
    }
    void arriveSlowly(const Frame& frame) {
        constexpr double aboutHead = 40;
        using Duration = std::chrono::steady_clock::duration;
        const std::chrono::duration<double> lasts((static_cast<double>(frame.payload.size()) + aboutHead) /
                                                  bytesPerSecond_);
        idleAt_ = std::max(idleAt_, std::chrono::steady_clock::now()) + std::chrono::duration_cast<Duration>(lasts);
        if (frame.header["t"] != "mark") return;
        std::this_thread::sleep_until(idleAt_);
        send({{"op", "received"}, {"mark", frame.header["mark"]}});
    }
    size_t receive(std::span<uint8_t> into) {
        pollfd ready{answers_[0], POLLIN, 0};
        REQUIRE(poll(&ready, 1, 60'000) == 1);
        const ssize_t got = read(answers_[0], into.data(), into.size());
        REQUIRE(got > 0);
        received_ += static_cast<size_t>(got);
        return static_cast<size_t>(got);
    }

    NoProcess noProcess_;
    std::array<int, 2> requests_{-1, -1};
    std::array<int, 2> answers_{-1, -1};
    uint64_t lastId_ = 0;
    size_t received_ = 0;
    double bytesPerSecond_ = 0;
    std::chrono::steady_clock::time_point idleAt_;
    FrameDecoder decoder_;
    std::vector<Frame> came_;
    Ending ending_ = Ending::left;
    std::thread::id reader_; // set before there is another thread of the agent
    std::thread agent_;
};

/** Whether something comes true within a minute. */
template <typename Condition> bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (; std::chrono::steady_clock::now() < until; std::this_thread::yield()) {
        if (condition()) return true;
    }
    return false;
}

Header about(const char* op) {
    return {{"op", op}, {"partition", "6_4"}, {"memory", "data"}, {"asking", "person"}};
}

/** Halts the first core of the first partition, as a person allowed it. */
Header haltFirst(Connection& client) {
    const Header found = client.ask({{"op", "describe"}});
    Header halt = about("halt");
    halt["act"] = "allow";
    halt["epoch"] = found["partitions"][0]["epoch"];
    REQUIRE(client.ask(halt)["t"] == "ok");
    halt["act"] = "halt";
    halt["tile"] = Header::array({6, 1});
    REQUIRE(client.ask(halt)["reason"] == 0);
    return halt;
}

Header readOf(uint64_t offset, uint64_t length) {
    Header header = about("read");
    header["ranges"] = Header::array({Header::array({offset, length})});
    return header;
}

} // namespace

TEST_CASE("[shape-4] a whole session over pipes on a pretend kernel: describe, open, read, write, status, bye") {
    Connection client;
    client.kernel.poke({6, 1}, 0x100, 0x11223344);
    client.start();
    const Header found = client.ask({{"op", "describe"}});
    CHECK(found["family"] == "linux-2020");
    REQUIRE(found["partitions"].size() == 3);
    CHECK(client.ask(about("open"))["memories"][0]["type"] == "data");
    const uint64_t first = client.send(readOf(0x100, 8));
    const Header read = client.answer(first);
    CHECK(client.words(first) == std::vector<uint32_t>{0x11223344, 0});
    Header write = about("write");
    write["epoch"] = read["epoch"];
    const uint64_t written = client.send(write, {0x100, 0x11223344, 0xFFFF, 0x5566});
    CHECK(client.answer(written)["t"] == "ok");
    const Frame outcomes = client.frame(written, "outcomes");
    REQUIRE(outcomes.payload.size() == 12);
    CHECK(readWord(&outcomes.payload[4]) == static_cast<uint32_t>(Outcome::verified));
    CHECK(readWord(&outcomes.payload[8]) == 0x11225566);
    Header status = about("status");
    status["tiles"] = Header::array({Header::array({6, 1}), Header::array({9, 0})});
    const uint64_t looked = client.send(status);
    CHECK(client.answer(looked)["epoch"] == read["epoch"]);
    CHECK(client.frame(looked, "tile").header["kind"] == "core");
    CHECK(client.frame(looked, "tile").header["kind"] == "shim");
    CHECK(client.ask({{"op", "bye"}})["t"] == "ok");
    CHECK(client.ending() == Ending::left);
    CHECK(client.kernel.peek({6, 1}, 0x100) == 0x11225566);
}

TEST_CASE(
    "[shape-4] refusals come back as errors of their request: a hold of a free partition, a write of another epoch") {
    Connection client;
    client.start({{"trace", true}});
    Header hold = about("hold");
    hold["on"] = true;
    CHECK(client.ask(hold)["code"] == "hold-failed");
    CHECK(client.frame(0, "trace").header["lines"][0] == "open device -> 100");
    Header write = about("write");
    write["epoch"] = "another";
    CHECK(client.ask(write, {0x100, 0, ~0U, 1})["code"] == "epoch");
    CHECK(client.kernel.peek({6, 1}, 0x100) == 0);
    client.hangUp();
    CHECK(client.ending() == Ending::left);
}

TEST_CASE(
    "[shape-4] a request that waits for its turn and one that is under way are cancelled, the next one is served") {
    Connection client;
    client.kernel.beforeRequest = [&] { client.gate.wait(); };
    client.start();
    const uint64_t running = client.send(readOf(0, 0x20000));
    client.gate.untilReached();
    const uint64_t waiting = client.send(readOf(0, 0x20000));
    client.send({{"op", "cancel"}, {"target", waiting}});
    client.send({{"op", "cancel"}, {"target", running}});
    const uint64_t next = client.send(readOf(0, 4));
    client.untilTakenIn();
    client.gate.open();
    CHECK(client.answer(running)["code"] == "cancelled");
    CHECK(client.answer(waiting)["code"] == "cancelled");
    CHECK(client.answer(next)["t"] == "ok");
}

TEST_CASE("a search of a whole memory over pipes costs 4 bytes for each hit, and little more") {
    Connection client;
    client.kernel.own(0, 500, {});
    std::vector<uint32_t> expected;
    for (uint32_t tile = 0; tile < 32; tile++) {
        for (uint32_t i = 0; i < 10; i++) {
            const uint32_t offset = (i * 3000 + tile * 40) & ~3U;
            client.kernel.poke({6 + tile / 8, 1 + tile % 8}, offset, 0x414570A4);
            expected.push_back(tile * 32768 + offset);
        }
    }
    client.start();
    const size_t before = client.bytesReceived();
    Header find = about("find");
    find.update({{"ranges", {{0, 32 * 32768}}}, {"values", "a4704541"}, {"masks", "ffffffff"}, {"most", 1000}});
    const uint64_t id = client.send(find);
    std::vector<uint32_t> hits;
    while (hits.size() < expected.size()) {
        const Frame part = client.frame(id, "hits");
        for (size_t at = 0; at + 4 <= part.payload.size(); at += 4) hits.push_back(readWord(&part.payload[at]));
    }
    CHECK(hits == expected);
    const Header answer = client.answer(id);
    CHECK(answer["t"] == "ok");
    CHECK_FALSE(answer.contains("full"));
    CHECK(client.bytesReceived() - before <= hits.size() * 4 + 2048);
    find["most"] = 7;
    CHECK(client.ask(find)["full"] == true);
    find["masks"] = "ffff";
    CHECK(client.ask(find)["code"] == "out-of-range");
    find["masks"] = "FFFF";
    CHECK(client.ask(find)["code"] == "protocol");
}

namespace {

/** An expression as it travels. */
Header headerOf(const ExpressionPattern& pattern) {
    Header classes = Header::array();
    for (const ByteClass& one : pattern.classes) {
        std::string digits;
        for (size_t four = 0; four < 64; four++) {
            uint32_t bits = 0;
            // The upper four bits of each byte come first.
            for (size_t bit = 0; bit < 4; bit++) bits |= uint32_t{one.test((four ^ 1U) * 4 + bit)} << bit;
            digits += "0123456789abcdef"[bits];
        }
        classes.push_back(digits);
    }
    const auto words = [](const ByteProgram& program) {
        Header list = {program.start};
        for (const ByteStep& step : program.steps) {
            for (const uint32_t word : {static_cast<uint32_t>(step.kind), step.first, step.second})
                list.push_back(word);
        }
        return list;
    };
    return {{"classes", classes}, {"forwards", words(pattern.forwards)}, {"backwards", words(pattern.backwards)}};
}

} // namespace

TEST_CASE("[hex-6] an expression over pipes: 8 bytes a hit, and programs of strangers are refused") {
    Connection client;
    client.kernel.own(0, 500, {});
    std::vector<uint32_t> expected;
    for (uint32_t tile = 0; tile < 32; tile++) {
        client.kernel.poke({6 + tile / 8, 1 + tile % 8}, 64 * tile, 0x41454141);
        expected.insert(expected.end(), {tile * 32768 + 64 * tile, 4});
    }
    client.start();
    Header find = about("find");
    // A+E*A
    const SampleExpression some = sampleRepeat(sampleByte(0x41), 1, SampleExpression::endless);
    const SampleExpression others = sampleRepeat(sampleByte(0x45), 0, SampleExpression::endless);
    find.update({{"ranges", {{0, 32 * 32768}}}, {"most", 1000}});
    find.update(headerOf(sampleSequence({some, others, sampleByte(0x41)}).pattern()));
    const size_t before = client.bytesReceived();
    const uint64_t id = client.send(find);
    std::vector<uint32_t> hits;
    while (hits.size() < expected.size()) {
        const Frame part = client.frame(id, "hits");
        CHECK(part.payload.size() % 8 == 0);
        for (size_t at = 0; at + 4 <= part.payload.size(); at += 4) hits.push_back(readWord(&part.payload[at]));
    }
    CHECK(hits == expected);
    const Header answer = client.answer(id);
    CHECK(answer["t"] == "ok");
    CHECK_FALSE(answer.contains("gaveUpAt"));
    CHECK(client.bytesReceived() - before <= hits.size() * 4 + 2048);
    const auto code = [&](const char* key, Header value) {
        Header bad = find;
        bad[key] = std::move(value);
        return client.ask(bad)["code"].get<std::string>();
    };
    CHECK(code("forwards", {0, 3, 0, 0}) == "protocol");
    CHECK(code("forwards", {0, 1, 0}) == "protocol");
    CHECK(code("backwards", {5, 0, 0, 0}) == "out-of-range");
    CHECK(code("forwards", {0, 2, 0, 9}) == "out-of-range");
    CHECK(code("classes", {std::string(62, '0')}) == "protocol");
    CHECK(code("classes", {7}) == "protocol");
    CHECK(code("classes", Header::array()) == "out-of-range");
}

TEST_CASE("[live-3] a survey over pipes: each update once the last one was seen, until it is cancelled") {
    Connection client;
    client.kernel.own(0, 500, {});
    client.start();
    Header survey = about("watch");
    survey.update({{"survey", 64}, {"periodMs", 20}, {"wordsPerSecond", 1'000'000}});
    const uint64_t id = client.send(survey);
    const Frame first = client.frame(id, "update");
    CHECK(first.header["epoch"].is_string());
    CHECK(first.payload.empty());
    CHECK(first.header["words"] == 2 * 64 * 32);
    for (uint32_t look = 1; look <= 3; look++) {
        for (uint32_t at = 0; at < 512; at += 4) client.kernel.poke({6, 3}, 1000 + at, look);
        client.say("seen", id);
        const Frame update = client.frame(id, "update");
        CHECK_FALSE(update.header.contains("epoch"));
        REQUIRE(update.payload.size() == 8);
        CHECK(readWord(&update.payload[0]) == 2);
        CHECK(readWord(&update.payload[4]) == 1);
    }
    client.send({{"op", "cancel"}, {"target", id}});
    CHECK(client.answer(id)["code"] == "cancelled");
    client.say("seen", id);
    CHECK(client.ask({{"op", "bye"}})["t"] == "ok");
    CHECK(client.ending() == Ending::left);
}

TEST_CASE("[debug-7] a core that was halted goes on when its client is silent, and when it leaves") {
    constexpr uint32_t control = 0x32010;
    constexpr Tile core{6, 1};
    for (const bool leaves : {false, true}) {
        Connection client;
        client.kernel.own(0, 500, {});
        client.start({{"heartbeatMs", leaves ? 600'000 : 2000}});
        const Header halt = haltFirst(client);
        if (leaves) {
            CHECK(client.kernel.peek(core, control) == 1);
            client.hangUp();
            CHECK(client.ending() == Ending::left);
        }
        REQUIRE(eventually([&] { return client.kernel.peek(core, control) == 0; }));
        if (!leaves) CHECK(client.ask(halt)["code"] == "no-halting");
    }
}

TEST_CASE("[debug-7] what could not be reached is tried again while the client is silent, by the thread that reads") {
    constexpr uint32_t control = 0x32010;
    constexpr Tile core{6, 1};
    // The first call tries for 1 s, with 20 ms between two tries.
    constexpr int mostOfFirstCall = 50;
    Connection client;
    client.kernel.own(0, 500, {});
    std::atomic<bool> refuses{false};
    std::atomic<int> tries{0};
    client.kernel.noted = [&](Tile /*tile*/) -> std::optional<bool> {
        const bool lets = !refuses || (client.onReader() && ++tries > mostOfFirstCall);
        return lets ? std::nullopt : std::optional(false);
    };
    client.start({{"heartbeatMs", 2000}});
    haltFirst(client);
    refuses = true;
    REQUIRE(eventually([&] { return client.kernel.peek(core, control) == 0; }));
    CHECK(tries == mostOfFirstCall + 1);
}

TEST_CASE("[shape-4] a call that hangs is named while it lasts, and once it came back the request is answered") {
    Connection client;
    client.kernel.beforeEnquire = [&, first = true]() mutable {
        if (!std::exchange(first, false)) return;
        client.kernel.hangsIn = "AIE_ENQUIRE_PART";
        client.gate.wait();
        client.kernel.hangsIn = nullptr;
    };
    client.start();
    const uint64_t asked = client.send({{"op", "describe"}});
    client.gate.untilReached();
    client.send({{"op", "ping"}}); // the loop looks for a hang whenever something comes
    CHECK(client.frame(0, "stuck").header["call"] == "AIE_ENQUIRE_PART");
    client.gate.open();
    CHECK(client.answer(asked)["t"] == "ok");
    client.send({{"op", "ping"}});
    CHECK(client.frame(0, "stuck").header["call"] == "");
}

TEST_CASE("[shape-4] a client that is silent has its unfinished write dropped, and is left after exitMs") {
    Connection client;
    client.start({{"heartbeatMs", 50}, {"exitMs", 1500}});
    Header write = about("write");
    write["epoch"] = "e";
    write["more"] = true;
    CHECK(client.ask(write, {0, 0, ~0U, 1})["code"] == "timeout");
    CHECK(client.ending() == Ending::silent);
    CHECK(client.kernel.peek({6, 1}, 0) == 0);
}

TEST_CASE("[shape-4] a client that breaks the frame format is told why, and left") {
    Connection client;
    client.start();
    client.sendBytes(std::vector<uint8_t>(8, 0xFF));
    CHECK(client.frame(0, "error").header["detail"] == "frame length");
    CHECK(client.ending() == Ending::broken);
}

TEST_CASE(
    "[live-4] over a slow way the bytes of a read come deflated, which the trace says; a client that did not ask gets none") {
    for (const bool asks : {true, false}) {
        CAPTURE(asks);
        Connection client;
        client.kernel.own(0, 500, {});
        for (uint32_t at = 0; at < 0x8000; at += 4) client.kernel.poke({6, 1}, at, at / 64);
        client.start({{"marks", true}, {"deflate", asks}, {"trace", true}});
        client.slow(2e6);
        constexpr size_t length = 0x20000;
        bool deflated = false;
        for (int reads = asks ? 200 : 6; reads > 0 && !deflated; reads--) {
            const uint64_t id = client.send(readOf(0, length));
            REQUIRE(client.answer(id)["t"] == "ok");
            std::vector<uint8_t> bytes;
            while (bytes.size() < length) {
                Frame data = client.frame(id, "data");
                REQUIRE(data.header["offset"] == bytes.size());
                if (data.header.contains("inflated")) {
                    deflated = true;
                    const auto whole = inflated(data.payload, data.header["inflated"].get<size_t>());
                    REQUIRE(whole);
                    CHECK(data.payload.size() < whole->size() / 2);
                    data.payload = *whole;
                }
                bytes.insert(bytes.end(), data.payload.begin(), data.payload.end());
            }
            for (uint32_t at = 0; at < 0x8000; at += 4) REQUIRE(readWord(&bytes[at]) == at / 64);
        }
        CHECK(deflated == asks);
        for (bool said = !asks; !said;) {
            const Frame trace = client.frame(0, "trace");
            for (const auto& line : trace.header["lines"]) {
                said = said || line.get<std::string>().starts_with("payloads are deflated from now on: ");
            }
        }
        Header watch = about("watch");
        watch.update({{"ranges", {{0, 0x8000}}}, {"periodMs", 20}, {"wordsPerSecond", 1'000'000}});
        const Frame update = client.frame(client.send(watch), "update");
        CHECK(update.header.contains("inflated") == asks);
        CHECK(client.ask({{"op", "bye"}})["t"] == "ok");
    }
}

namespace {

Header recordAs(const char* name) {
    Header header = about("record");
    header.update(
        {{"ranges", {{0, 64}}}, {"periodMs", 20}, {"wordsPerSecond", 0}, {"recording", name}, {"ringBytes", 1 << 18}});
    return header;
}

/** Asks for all of a recording until the answer is as it should be. */
template <typename Condition> Header recorded(Connection& client, const char* name, Condition condition) {
    for (;;) {
        const Header answer = client.ask({{"op", "recording"}, {"recording", name}, {"from", 0}});
        REQUIRE(answer["t"] == "ok");
        if (condition(answer)) return answer;
    }
}

bool hasBegun(const Header& answer) {
    return answer["looks"] > 0;
}

Header forget(const char* name) {
    return {{"op", "end-recording"}, {"recording", name}, {"forget", true}};
}

} // namespace

TEST_CASE(
    "[live-6] what is recorded outlives a client that is gone, and the next one has all of it until it is forgotten") {
    constexpr const char* name = "outlives-its-client";
    Connection first;
    first.kernel.own(0, 500, {});
    first.start();
    REQUIRE(first.ask(recordAs(name))["t"] == "ok");
    const Header before = recorded(first, name, hasBegun);
    first.kernel.poke({6, 1}, 4, 1);
    recorded(first, name, [](const Header& answer) { return answer["next"] == 2; });
    first.hangUp();
    first.kernel.poke({6, 1}, 4, 2); // nobody is there
    Connection second;
    second.start();
    const Header after = recorded(second, name, [](const Header& answer) { return answer["next"] == 3; });
    CHECK(after["beganAt"] == before["beganAt"]);
    CHECK(after["epoch"] == before["epoch"]);
    CHECK(after["age"] >= after["at"]);
    CHECK(after["lostMoments"] == 0);
    CHECK_FALSE(after.contains("ended"));
    const uint64_t id = second.send({{"op", "recording"}, {"recording", name}, {"from", 1}});
    CHECK(second.answer(id)["first"] == 1);
    const Frame entries = second.frame(id, "entries");
    REQUIRE(entries.payload.size() == 2 * 24);
    CHECK(readWord(&entries.payload[20]) == 1);
    CHECK(readWord(&entries.payload[44]) == 2);
    Header pace = recordAs(name);
    pace["periodMs"] = 40;
    CHECK(second.ask(pace)["t"] == "ok");
    pace["ranges"] = {{0, 32}};
    CHECK(second.ask(pace)["code"] == "protocol");
    const Socket mute = reachRecording(name); // keeps nobody
    REQUIRE(mute);
    CHECK(second.ask(forget(name))["t"] == "ok");
    CHECK(first.ending() == Ending::left);
    CHECK(second.ask({{"op", "recording"}, {"recording", name}, {"from", 0}})["code"] == "no-recording");
}

TEST_CASE("a client that says so leaves its recording behind; one that says no more than bye takes it along") {
    constexpr const char* name = "left-behind";
    Connection first;
    first.kernel.own(0, 500, {});
    first.start();
    REQUIRE(first.ask(recordAs(name))["t"] == "ok");
    CHECK(first.ask({{"op", "bye"}, {"keepRecordings", true}})["t"] == "ok");
    Connection second;
    second.kernel.own(0, 500, {});
    second.start();
    recorded(second, name, hasBegun);
    CHECK(second.ask(forget(name))["t"] == "ok");
    CHECK(first.ending() == Ending::left);
    REQUIRE(second.ask(recordAs(name))["t"] == "ok");
    Connection third;
    third.start();
    recorded(third, name, hasBegun);
    second.hangUp();
    CHECK(third.ask({{"op", "bye"}})["t"] == "ok");
    CHECK(third.ending() == Ending::left);
    CHECK(second.ending() == Ending::left);
    CHECK_FALSE(reachRecording(name));
}

TEST_CASE("while its client is silent an agent answers another one, and records on") {
    constexpr const char* name = "silent-client";
    Connection first;
    first.kernel.own(0, 500, {});
    constexpr std::chrono::milliseconds heartbeat{2000};
    first.start({{"heartbeatMs", heartbeat.count()}});
    REQUIRE(first.ask(recordAs(name))["t"] == "ok");
    const auto silentFrom = std::chrono::steady_clock::now() + heartbeat;
    Connection second;
    second.start();
    const auto isSilent = [&](const Header&) { return std::chrono::steady_clock::now() > silentFrom; };
    const Header answer = recorded(second, name, isSilent);
    recorded(second, name, [&](const Header& later) { return later["looks"] > answer["looks"]; });
    CHECK(second.ask(forget(name))["t"] == "ok");
    first.hangUp();
    CHECK(first.ending() == Ending::left);
}

TEST_CASE("an agent that goes on for its recordings ends when nobody was heard for long") {
    constexpr const char* name = "nobody-comes";
    Connection client;
    client.kernel.own(0, 500, {});
    client.start({{"exitMs", 3000}, {"keepMs", 3000}});
    REQUIRE(client.ask(recordAs(name))["t"] == "ok");
    client.hangUp();
    CHECK(client.ending() == Ending::silent);
    CHECK_FALSE(reachRecording(name));
}

TEST_CASE("a recording of an agent that speaks another protocol, or nothing that is understood, is refused in words") {
    const Socket door = openDoor("another-version");
    REQUIRE(door);
    CHECK_FALSE(openDoor("another-version"));
    Connection client;
    client.start();
    const auto answerWith = [&](const Header& header) {
        const uint64_t id = client.send({{"op", "recording"}, {"recording", "another-version"}, {"from", 0}});
        Socket way;
        REQUIRE(eventually([&] { return static_cast<bool>(way = letIn(door)); }));
        REQUIRE(sendAll(way, encodeFrameHead(header, 0)));
        return client.answer(id);
    };
    const Header other = answerWith({{"id", 1}, {"t", "error"}, {"have", 3}});
    CHECK(other["code"] == "no-recording");
    CHECK(other["facts"]["have"] == 3);
    CHECK(answerWith({{"id", "one"}})["code"] == "no-recording");
    CHECK(answerWith({{"id", 2}, {"t", "error"}, {"code", "epoch"}, {"detail", "another"}})["code"] == "epoch");
}

TEST_CASE("a recording's door is shut to another user, and nobody goes through a door of another user") {
    if (geteuid() != 0) return; // nobody else can become another user
    const Socket door = openDoor("of-this-user");
    REQUIRE(door);
    std::array<int, 2> ready{};
    std::array<int, 2> done{};
    REQUIRE(pipe2(ready.data(), O_CLOEXEC) == 0);
    REQUIRE(pipe2(done.data(), O_CLOEXEC) == 0);
    const pid_t other = fork();
    REQUIRE(other >= 0);
    if (other == 0) {
        constexpr uid_t nobody = 65534;
        const bool isOther = setresuid(nobody, nobody, nobody) == 0;
        const Socket theirs = openDoor("of-another-user");
        sockaddr_un address{};
        constexpr std::string_view name("\0tilescope-recording-of-this-user", 33);
        address.sun_family = AF_UNIX;
        std::copy(name.begin(), name.end(), address.sun_path);
        const Socket way(socket(AF_UNIX, SOCK_STREAM, 0));
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        const bool isThere = connect(way.fd(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
        const bool isWell = isOther && theirs && isThere && !reachRecording("of-this-user");
        char byte = isWell ? 'y' : 'n';
        const bool isSaid = write(ready[1], &byte, 1) == 1;
        close(done[1]);
        _exit(isSaid && read(done[0], &byte, 1) == 0 ? 0 : 1); // until the test is over
    }
    char said = 0;
    REQUIRE(read(ready[0], &said, 1) == 1);
    CHECK(said == 'y');
    CHECK_FALSE(letIn(door)); // who stays
    CHECK_FALSE(letIn(door)); // who left
    CHECK_FALSE(reachRecording("of-another-user"));
    CHECK_FALSE(openDoor("of-another-user"));
    close(done[1]);
    int status = -1;
    CHECK(waitpid(other, &status, 0) == other);
    CHECK(status == 0);
    for (const int end : {ready[0], ready[1], done[0]}) close(end);
}
