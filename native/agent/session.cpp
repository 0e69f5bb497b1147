#include "session.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "../protocol/requests.h"
#include "frame_reply.h"
#include "recording_relay.h"

namespace tilescope {
namespace {

constexpr size_t mostOpenRequests = 256;
/** More than one lease of a fast read gets through on the boards we know. */
constexpr size_t arenaBytes = size_t{4} << 20U;

/** The first number of what visitors ask: no client has it, nor has what the service itself runs. */
constexpr uint64_t firstVisitId = uint64_t{1} << 54U;

bool isOfRecording(const std::string& op) {
    return op == "record" || op == "recording" || op == "end-recording";
}

/** Little-endian words of a payload of whole words. */
std::vector<uint32_t> wordsOf(std::span<const uint8_t> payload) {
    std::vector<uint32_t> words;
    for (size_t at = 0; at + 4 <= payload.size(); at += 4) words.push_back(readWord(payload.data() + at));
    return words;
}

} // namespace

std::unique_ptr<Reply> Session::reply(uint64_t id) {
    return std::make_unique<FrameReply>(id, writer_, pace_, payloads_, arena());
}

std::span<uint8_t> Session::arena() const {
    return {arena_.get(), arena_ ? arenaBytes : 0};
}

void Session::hello(uint64_t id, const Header& header) {
    const uint64_t theirs = numberIn(header, "protocol", std::numeric_limits<uint32_t>::max());
    if (theirs != protocolVersion) {
        throw CoreError("agent-version", "the client speaks protocol " + std::to_string(theirs), 0,
                        {{"have", int64_t{protocolVersion}}});
    }
    constexpr uint64_t longest = 24ULL * 3600 * 1000;
    heartbeat_ = std::chrono::milliseconds(numberOr(header, "heartbeatMs", longest, 15000));
    exitAfter_ = std::chrono::milliseconds(numberOr(header, "exitMs", longest, 60000));
    keepFor_ = std::chrono::milliseconds(numberOr(header, "keepMs", longest, 600000));
    const std::string device = header.contains("device") ? textIn(header, "device") : "/dev/aie0";
    const bool tracing = flagIn(header, "trace");
    if (flagIn(header, "marks")) pace_.begin();
    if (flagIn(header, "deflate")) payloads_.begin();
    payloads_.setTracing(tracing);
    arena_ = std::make_unique_for_overwrite<uint8_t[]>(arenaBytes); // what no read used costs no memory
    const auto unasked = [this](const char* kind) {
        return [this, kind](const Header& notice) {
            Header frame{{"id", 0}, {"t", kind}};
            frame.update(notice);
            writer_.send(frame);
        };
    };
    service_ = std::make_unique<Service>(
        platform_, device,
        Service::Notices{
            unasked("partitions"), [this](const std::vector<std::string>& lines) { writer_.sendTrace(lines); },
            unasked("start-refused"), [](const std::string& text) { fprintf(stderr, "%s\n", text.c_str()); }});
    serves_ = true;
    service_->worker().setTracing(tracing);
    service_->request(id, "hello", header, reply(id));
}

void Session::receive(const Frame& frame) {
    const Header& header = frame.header;
    const auto id = header.find("id");
    const auto op = header.find("op");
    constexpr uint64_t largestId = (1ULL << 53U) - 1;
    const bool named = id != header.end() && id->is_number_unsigned() && id->get<uint64_t>() >= 1 &&
                       id->get<uint64_t>() <= largestId && op != header.end() && op->is_string();
    if (!named) throw FrameError("a request without id or op");
    const auto number = id->get<uint64_t>();
    try {
        dispatch(number, op->get<std::string>(), frame);
    } catch (const CoreError& error) {
        refuse(number, error);
    }
}

void Session::refuse(uint64_t id, const CoreError& error) {
    if (!service_) return writer_.sendError(id, error);
    // Through the worker: this thread must never wait for a client that does not read.
    service_->refuse(id, error, reply(id));
}

void Session::dispatch(uint64_t id, const std::string& op, const Frame& frame) {
    const Header& header = frame.header;
    if (!service_) {
        if (op != "hello") throw FrameError("the first request is not hello");
        hello(id, header);
        return;
    }
    Worker& worker = service_->worker();
    if (op == "received") {
        pace_.received(numberIn(header, "mark", std::numeric_limits<int64_t>::max()));
        return worker.wake();
    }
    if (op == "seen") return service_->seen(id);
    if (op == "change") {
        try {
            return service_->change(id, header);
        } catch (const CoreError& error) {
            throw FrameError(error.what()); // it is not answered
        }
    }
    const bool dropped = op == "write" && std::find(dropped_.begin(), dropped_.end(), id) != dropped_.end();
    if (!incoming_.contains(id) && !dropped && worker.has(id)) throw FrameError("the id is in use");
    const size_t unfinished = incoming_.size() - incoming_.count(id);
    if (worker.size() + unfinished >= mostOpenRequests) throw FrameError("too many open requests");
    if (op == "hello") throw badRequest("hello again");
    if (op == "write") return receiveWrite(id, frame);
    if (op == "cancel") {
        const uint64_t target = numberIn(header, "target", std::numeric_limits<int64_t>::max());
        if (incoming_.contains(target)) {
            drop(target);
            refuse(target, CoreError("cancelled", "cancelled"));
        }
        worker.cancel(target);
        return service_->request(id, "ping", header, reply(id));
    }
    if (op == "bye") {
        if (!flagIn(header, "keepRecordings")) forgetRelayed();
        const auto leave = [this, keeps = flagIn(header, "keepRecordings")] {
            leavesRecordings_ = keeps;
            ended_ = true;
            wake_();
        };
        return service_->request(id, "ping", header,
                                 std::make_unique<FrameReply>(id, writer_, pace_, payloads_, arena(), leave));
    }
    if (op == "trace") payloads_.setTracing(flagIn(header, "on"));
    if (relay(id, op, header)) return;
    service_->request(id, op, header, reply(id));
}

bool Session::relay(uint64_t id, const std::string& op, const Header& header) {
    if (!isOfRecording(op)) return false;
    const std::string name = recordingIn(header);
    const auto here = service_->recordings();
    if (std::find(here.begin(), here.end(), name) != here.end()) return false;
    Socket way = reachRecording(name);
    if (!way) return false;
    relayed_.insert(name);
    service_->worker().post(std::make_unique<RecordingRelay>(id, reply(id), std::move(way), header), true);
    return true;
}

void Session::forgetRelayed() {
    for (const std::string& name : relayed_) {
        const Socket way = reachRecording(name);
        const Header end{{"op", "end-recording"}, {"recording", name}, {"forget", true}};
        if (way) askThrough(way, end); // nobody waits for an answer
    }
}

std::vector<std::string> Session::recordings() const {
    return service_ ? service_->recordings() : std::vector<std::string>();
}

void Session::visit(const std::string& op, const Header& header, std::unique_ptr<Reply> reply) {
    if (!isOfRecording(op)) throw badRequest("a visitor asks for recordings only");
    const auto here = recordings();
    if (std::find(here.begin(), here.end(), recordingIn(header)) == here.end()) {
        throw CoreError("no-recording", "there is no recording of this name");
    }
    if (service_->worker().size() >= mostOpenRequests) throw badRequest("too many open requests");
    service_->request(firstVisitId + visits_++, op, header, std::move(reply));
}

void Session::drop(uint64_t id) {
    // A client stops sending a write that failed, so most of these numbers never come again.
    constexpr size_t mostDropped = 1024;
    incoming_.erase(id);
    dropped_.push_back(id);
    if (dropped_.size() > mostDropped) dropped_.pop_front();
}

void Session::receiveWrite(uint64_t id, const Frame& frame) {
    const Header& header = frame.header;
    const auto dropped = std::find(dropped_.begin(), dropped_.end(), id);
    bool more = true; // until a header is understood
    try {
        more = flagIn(header, "more");
        if (dropped != dropped_.end()) {
            if (!more) dropped_.erase(dropped);
            return;
        }
        const auto [place, first] = incoming_.try_emplace(id);
        WriteRequest& request = place->second;
        if (first) request = writeRequest(header);
        if (frame.payload.size() % 4 != 0) throw badRequest("the payload is not whole words");
        addWords(request, wordsOf(frame.payload));
    } catch (const CoreError&) {
        if (dropped != dropped_.end()) return; // answered already
        if (more) {
            drop(id);
        } else {
            incoming_.erase(id);
        }
        throw;
    }
    if (more) return;
    WriteRequest request = std::move(incoming_.at(id));
    incoming_.erase(id);
    service_->write(id, std::move(request), reply(id));
}

void Session::setSilent(bool silent) {
    if (!service_) return;
    while (silent && !incoming_.empty()) {
        const uint64_t id = incoming_.begin()->first;
        drop(id);
        refuse(id, CoreError("timeout", "nothing was heard from the client"));
    }
    service_->worker().setSilent(silent);
    if (silent) endHalts(std::chrono::seconds(1));
}

std::chrono::milliseconds Session::exitAfter() const {
    return hasRecordings() ? std::max(exitAfter_, keepFor_) : exitAfter_;
}

void Session::endHalts(std::chrono::milliseconds atMost) {
    // Here, because the worker's thread may wait for a client that does not read.
    if (service_) service_->worker().endHalts(atMost);
}

void Session::sayStuck() {
    const char* call = service_ ? service_->worker().stuckIn(stuckAfter) : nullptr;
    if (call == nullptr && !saidStuck_) return;
    // Repeated while it lasts, so that the client hears that the connection is well.
    const auto now = std::chrono::steady_clock::now();
    if (call != nullptr && saidStuck_ && now - *saidStuck_ < stuckAfter) return;
    saidStuck_ = call != nullptr ? std::optional(now) : std::nullopt;
    writer_.sendSoon({{"id", 0}, {"t", "stuck"}, {"call", call != nullptr ? call : ""}});
}

void Session::freeze() {
    if (service_) service_->worker().freeze(std::chrono::seconds(2));
}

} // namespace tilescope
