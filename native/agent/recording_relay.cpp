#include "recording_relay.h"

#include <array>

namespace tilescope {
namespace {

/** Numbers of the two requests on the way between agents. */
constexpr uint64_t helloId = 1;
constexpr uint64_t requestId = 2;
/** Frames of one answer: a copy, and a look at which everything changed. */
constexpr size_t mostParts = 16;
/** Between two looks for the answer, and the longest time in which it has to come. */
constexpr std::chrono::milliseconds lookAgain{2};
constexpr std::chrono::seconds patience{5};

CoreError gone(const std::string& why) {
    return CoreError("no-recording", why);
}

/** The error that another agent answered. */
CoreError errorIn(const Header& header) {
    const auto text = [&](const char* key) {
        const auto found = header.find(key);
        return found != header.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    return {text("code"), text("detail")};
}

} // namespace

bool askThrough(const Socket& way, Header request) {
    request["id"] = requestId;
    const Header hello{{"op", "hello"}, {"id", helloId}, {"protocol", protocolVersion}};
    return sendAll(way, encodeFrameHead(hello, 0)) && sendAll(way, encodeFrameHead(request, 0));
}

RecordingRelay::RecordingRelay(uint64_t id, std::unique_ptr<Reply> reply, Socket way, Header request)
    : Task(id), reply_(std::move(reply)), way_(std::move(way)), request_(std::move(request)) {}

bool RecordingRelay::take(Frame frame) {
    const Header& header = frame.header;
    const auto id = header.find("id");
    const auto kind = header.find("t");
    const bool isNamed = id != header.end() && id->is_number_unsigned() && kind != header.end() && kind->is_string();
    if (!isNamed) throw gone("the agent that has the recording says what nobody understands");
    const auto what = kind->get<std::string>();
    if (id->get<uint64_t>() == helloId) {
        if (what == "ok") return false;
        const auto have = header.find("have");
        const int64_t theirs = have != header.end() && have->is_number_integer() ? have->get<int64_t>() : 0;
        throw CoreError("no-recording", "the agent that has the recording speaks another protocol", 0,
                        {{"have", theirs}});
    }
    if (what == "error") throw errorIn(header);
    if (what == "ok") {
        answer_ = header;
        return true;
    }
    if (parts_.size() >= mostParts) throw gone("the agent that has the recording answers without an end");
    parts_.push_back(std::move(frame));
    return false;
}

Progress RecordingRelay::step(Engine& engine) {
    const auto now = engine.clock();
    if (!asked_) {
        asked_ = now;
        if (!askThrough(way_, request_)) throw gone("the agent that has the recording does not listen");
    }
    std::array<uint8_t, 65536> bytes; // filled before it is read
    for (;;) {
        const int64_t got = readSome(way_, bytes);
        if (got == 0) throw gone("the agent that had the recording has ended");
        if (got < 0) break;
        decoder_.push(std::span(bytes).first(static_cast<size_t>(got)));
        try {
            while (auto frame = decoder_.next()) {
                if (take(*std::move(frame))) return Progress::done();
            }
        } catch (const FrameError& error) {
            throw gone(error.what());
        }
    }
    if (now - *asked_ > patience) throw CoreError("timeout", "the agent that has the recording does not answer");
    return Later{now + lookAgain};
}

void RecordingRelay::deliver(bool finished) {
    if (!finished) return;
    for (const Frame& part : parts_) {
        std::vector<uint32_t> words;
        for (size_t at = 0; at + 4 <= part.payload.size(); at += 4) words.push_back(readWord(&part.payload[at]));
        reply_->part({"entries", Header::object(), std::move(words), 1});
    }
    way_ = Socket(); // the other one may wait for that
    for (const char* ofTheWay : {"id", "t"}) answer_.erase(ofTheWay);
    reply_->end(answer_);
}

void RecordingRelay::fail(const CoreError& error) noexcept {
    reply_->fail(error);
}

} // namespace tilescope
