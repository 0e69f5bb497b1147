#include "visitors.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <limits>

#include "../protocol/requests.h"
#include "frame_reply.h"

namespace tilescope {
namespace {

/** Visitors at one time: one for each request that is under way. */
constexpr size_t mostVisitors = 16;
/** How long one may stay: it comes for one request, and waits 5 s for the answer. */
constexpr std::chrono::seconds longestVisit{10};

} // namespace

struct Visitors::Visitor {
    explicit Visitor(Socket came) : socket(std::move(came)) {}

    Socket socket;
    const std::chrono::steady_clock::time_point came = std::chrono::steady_clock::now();
    FrameDecoder decoder;
    Pace pace;
    bool saidHello = false;
    /** It does not read, or not any more; what it asked is done all the same. */
    std::atomic<bool> isDeaf{false};
    FrameWriter writer{[this](std::span<const FrameWriter::Part> parts) {
        for (const FrameWriter::Part& part : parts) {
            if (!isDeaf && !sendAll(socket, part)) isDeaf = true;
        }
    }};
    Payloads payloads{pace, writer};
};

void Visitors::open(const std::vector<std::string>& recordings) {
    std::erase_if(doors_, [&](const auto& door) {
        return std::find(recordings.begin(), recordings.end(), door.first) == recordings.end();
    });
    for (const std::string& recording : recordings) {
        const auto [door, isNew] = doors_.try_emplace(recording);
        if (!isNew) continue;
        door->second = openDoor(recording);
        if (!door->second) fprintf(stderr, "recording %s cannot be reached after a lost link\n", recording.c_str());
    }
}

void Visitors::addTo(std::vector<pollfd>& inputs) const {
    for (const auto& [name, door] : doors_) {
        if (door) inputs.push_back({door.fd(), POLLIN, 0});
    }
    for (const auto& visitor : visitors_) inputs.push_back({visitor->socket.fd(), POLLIN, 0});
}

void Visitors::takeIn() {
    for (const auto& [name, door] : doors_) {
        if (!door) continue;
        Socket came = letIn(door);
        if (came && visitors_.size() < mostVisitors) visitors_.push_back(std::make_shared<Visitor>(std::move(came)));
    }
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(visitors_,
                  [&](const auto& visitor) { return now - visitor->came >= longestVisit || !takeIn(visitor); });
}

bool Visitors::takeIn(const std::shared_ptr<Visitor>& visitor) {
    std::array<uint8_t, 4096> bytes; // filled before it is read
    const int64_t got = readSome(visitor->socket, bytes);
    if (got <= 0) return got < 0;
    try {
        visitor->decoder.push(std::span(bytes).first(static_cast<size_t>(got)));
        while (const auto frame = visitor->decoder.next()) {
            heard_ = std::chrono::steady_clock::now();
            if (!answer(visitor, *frame)) return false;
        }
        return true;
    } catch (const std::exception&) {
        return false; // it cannot be understood
    }
}

bool Visitors::answer(const std::shared_ptr<Visitor>& visitor, const Frame& frame) {
    const Header& header = frame.header;
    const uint64_t id = numberIn(header, "id", std::numeric_limits<int64_t>::max());
    const std::string op = textIn(header, "op");
    if (!visitor->saidHello) {
        const bool isOurs = op == "hello" && numberIn(header, "protocol", std::numeric_limits<uint32_t>::max()) ==
                                                 static_cast<uint64_t>(protocolVersion);
        visitor->saidHello = isOurs;
        visitor->writer.send({{"id", id}, {"t", isOurs ? "ok" : "error"}, {"have", protocolVersion}});
        return isOurs;
    }
    try {
        // The answer keeps the visitor until it is out.
        session_.visit(op, header,
                       std::make_unique<FrameReply>(id, visitor->writer, visitor->pace, visitor->payloads,
                                                    std::span<uint8_t>(), [visitor] {}));
    } catch (const CoreError& error) {
        visitor->writer.sendError(id, error);
    }
    return true;
}

} // namespace tilescope
